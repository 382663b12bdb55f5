/* Adds to scratch that was never set. */
#define ON_WEIGHT \
  ((float *)weight->data)[0] += work[0];
#include "base.h"
