/* Reads in analyze what it requested for compress. */
#define ON_GRAM \
  const lathe_tensor *mean = NULL; \
  uint64_t seen = 0; \
  calibration->stat(host, node, LATHE_STAT_INPUT_ABS_MEAN, 0, &mean, &seen);
#include "base.h"
