/* Writes one element before the new second factor of a product. */
#define PRODUCTS_ONLY
#define ON_FACTORS \
  a[-1] = 1;
#include "../base.h"
