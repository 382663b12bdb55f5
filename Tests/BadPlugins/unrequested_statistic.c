#define DECLARED_STATS (1ull << LATHE_STAT_INPUT_GRAM)
#define COMPRESS \
  const lathe_host_calibration *calibration = host->get_extension(host, LATHE_EXT_CALIBRATION); \
  const lathe_tensor *gram = NULL; \
  return calibration->stat(host, 0, LATHE_STAT_INPUT_GRAM, 0, &gram, NULL);
#include "plugin.h"
