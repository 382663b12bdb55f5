/* Looks back at the first block. */
#define ON_ANALYZE \
  lathe_node_info start; \
  const lathe_tensor *back = NULL; \
  uint64_t seen = 0; \
  if (block == 1 && look(host, 0, &start) && (start.flags & LATHE_NODE_SELECTED)) \
    calibration->stat(host, 0, LATHE_STAT_INPUT_GRAM, 0, &back, &seen);
#include "base.h"
