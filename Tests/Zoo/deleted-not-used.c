/* Reads a tensor that it has deleted. */
#define ON_NODE \
  lathe_tensor *gone = matrix(host, f32, 1, 1); \
  if (gone != NULL) { \
    const volatile float *value = (const float *)gone->data; \
    drop(gone); \
    if (value[0] > 1e30f) rank = 1; \
  }
#include "base.h"
