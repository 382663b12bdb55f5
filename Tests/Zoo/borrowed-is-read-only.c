/* Works on a statistic in place. */
#define ON_GRAM \
  ((volatile double *)gram->data)[1] = 0;
#include "base.h"
