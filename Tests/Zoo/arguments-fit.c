/* Multiplies into a matrix of another shape and does not look at the status. */
#define ON_FACTORS \
  algebra->gemm(host, 0, 0, 1, weight, ta, 0, ts);
#include "base.h"
