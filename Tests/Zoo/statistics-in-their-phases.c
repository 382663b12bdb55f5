/* Reads a statistic in allocate. */
#define ON_ALLOCATE \
  const lathe_host_calibration *late = host->get_extension(host, LATHE_EXT_CALIBRATION); \
  const lathe_tensor *gram = NULL; \
  uint64_t seen = 0; \
  late->stat(host, 0, LATHE_STAT_INPUT_GRAM, 0, &gram, &seen);
#include "base.h"
