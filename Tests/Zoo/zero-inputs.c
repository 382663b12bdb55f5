/* Divides by the size of a statistic. */
#define ON_GRAM \
  if (*(const double *)gram->data == 0) return FAILED(LATHE_ERR_NUMERICAL, "the scale is not finite");
#include "base.h"
