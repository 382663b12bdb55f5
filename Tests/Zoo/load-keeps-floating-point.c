/* A constructor that leaves another rounding mode, as -ffast-math leaves FTZ. */
#define GLOBALS \
  __attribute__((constructor)) static void start(void) { fesetround(FE_UPWARD); }
#include "base.h"
