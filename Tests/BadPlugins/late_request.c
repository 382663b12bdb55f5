/* Statistics are requested in plan and nowhere else. */
#define DECLARED_STATS (1ull << LATHE_STAT_INPUT_GRAM)
#define COMPRESS \
  const lathe_host_calibration *calibration = host->get_extension(host, LATHE_EXT_CALIBRATION); \
  lathe_stat_request request = {sizeof request, LATHE_STAT_INPUT_GRAM, 0, 0, {0, 0, 0}, 0, 0}; \
  return calibration->request(host, &request);
#include "plugin.h"
