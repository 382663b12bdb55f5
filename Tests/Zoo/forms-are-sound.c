/* Gives the factors in the order in which they are written, W = A B, and not as they meet the input. */
#define ON_FORM \
  p.factors[0] = &p.high; \
  p.factors[1] = &p.low;
#include "base.h"
