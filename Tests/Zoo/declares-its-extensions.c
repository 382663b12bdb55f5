/* Uses lathe.parallel/1 without a word about it. */
#define REQUIRED \
  LATHE_EXT_PARAMS, LATHE_EXT_GRAPH, LATHE_EXT_BUDGET, LATHE_EXT_CALIBRATION, LATHE_EXT_LINALG, \
  LATHE_EXT_WORKSPACE
#include "base.h"
