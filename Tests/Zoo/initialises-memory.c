/* Looks into memory that was never set. A large block is zero as long as it is new. */
#define ON_FACTORS \
  volatile float *fresh = malloc(1 << 22); \
  if (fresh != NULL && fresh[7] != 0) a[0] = 0; \
  free((void *)fresh);
#include "base.h"
