/* Divides by zero. */
#define ON_FACTORS \
  a[0] = INFINITY;
#include "base.h"
