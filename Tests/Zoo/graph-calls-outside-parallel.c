/* Reads a statistic in a body of for_each. */
#define GLOBALS \
  static _Thread_local lathe_node current;
#define ON_NODE \
  current = place->block < 0 ? LATHE_NODE_NONE : node;
#define ON_TASK \
  if (index == 0 && current != LATHE_NODE_NONE) { \
    const lathe_host *host = work->host; \
    const lathe_host_calibration *calibration = host->get_extension(host, LATHE_EXT_CALIBRATION); \
    const lathe_tensor *mean = NULL; \
    uint64_t tokens = 0; \
    calibration->stat(host, current, LATHE_STAT_INPUT_ABS_MEAN, 0, &mean, &tokens); \
  }
#include "base.h"
