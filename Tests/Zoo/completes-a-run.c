/* Fails on the plainest model. */
#define ON_COMPRESS \
  return FAILED(LATHE_ERR_NUMERICAL, "it did not converge");
#include "base.h"
