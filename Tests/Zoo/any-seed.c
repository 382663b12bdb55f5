/* Uses the seed as the state of a generator that must not be zero. */
#define ON_CREATE \
  if (host->seed == 0) { \
    free(made); \
    return FAILED(LATHE_ERR_INVALID, "the seed cannot be 0"); \
  }
#include "base.h"
