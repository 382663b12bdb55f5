/* What the fields mean hangs on the major version, and the host knows 1. */
#define COMPRESS \
  int64_t shape[2] = {info(host, 0).out_features, info(host, 0).in_features}; \
  float nothing = 0; \
  lathe_tensor values = tensor(&nothing, float32, 2, shape); \
  values.dlpack_major = 99; \
  lathe_matrix matrix = {sizeof matrix, LATHE_MATRIX_DENSE, shape[0], shape[1], &values, NULL, NULL, 0, 0, {0, 0, 0}, 0, NULL}; \
  return put(host, 0, &matrix);
#include "plugin.h"
