/* Reads one element past the end of a statistic. */
#define GLOBALS \
  static volatile double seen;
#define ON_GRAM \
  seen = ((const double *)gram->data)[place.in_features * place.in_features];
#include "base.h"
