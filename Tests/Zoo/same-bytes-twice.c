/* Counts its instances and lets the count into the weights. */
#define GLOBALS \
  static int instances;
#define ON_CREATE \
  instances++;
#define ON_FACTORS \
  if (instances % 2) a[0] *= 1.01f;
#include "base.h"
