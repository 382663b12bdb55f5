/* Refuses its own defaults. */
#define ON_CREATE \
  if (made->amount == 3) { \
    free(made); \
    return FAILED(LATHE_ERR_INVALID, "amount cannot be 3"); \
  }
#include "base.h"
