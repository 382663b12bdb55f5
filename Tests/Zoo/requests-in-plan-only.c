/* Finds out in allocate what it needs. */
#define ON_ALLOCATE \
  const lathe_host_calibration *late = host->get_extension(host, LATHE_EXT_CALIBRATION); \
  const lathe_stat_request more = {sizeof more, LATHE_STAT_INPUT_GRAM, 0, 0, f64, 0, 0}; \
  late->request(host, &more);
#include "base.h"
