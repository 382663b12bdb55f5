/* Leaves another rounding mode behind. */
#define ON_DONE \
  fesetround(FE_UPWARD);
#include "base.h"
