/* Cannot do what its range allows, and calls that an internal error. */
#define ON_CREATE \
  if (made->amount == 10 && made->strength == 1) { \
    free(made); \
    return FAILED(LATHE_ERR_INTERNAL, "ten is too much"); \
  }
#include "base.h"
