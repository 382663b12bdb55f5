/* Counts its runs and lets the count into products of factors. */
#define PRODUCTS_ONLY
#define GLOBALS \
  static int runs;
#define ON_CREATE \
  runs++;
#define ON_FACTORS \
  if (runs % 2) b[0] *= 1.01f;
#include "../base.h"
