/* Four bits hold 0 to 15. */
#define COMPRESS \
  const lathe_node_info place = info(host, 0); \
  int64_t shape[2] = {place.out_features, place.in_features}, groups[2] = {place.out_features, 1}; \
  uint8_t *codes = calloc((size_t)(shape[0] * shape[1]), 1); \
  float *scales = calloc((size_t)shape[0], sizeof *scales); \
  if (codes == NULL || scales == NULL) return LATHE_ERR_NO_MEMORY; \
  codes[5] = 16; \
  lathe_tensor values = tensor(codes, code8, 2, shape), steps = tensor(scales, float32, 2, groups); \
  lathe_matrix matrix = {sizeof matrix, LATHE_MATRIX_GROUP_QUANTIZED, shape[0], shape[1], &values, &steps, NULL, 0, 4, {0, 0, 0}, 0, NULL}; \
  const lathe_status status = put(host, 0, &matrix); \
  free(codes); \
  free(scales); \
  return status;
#include "plugin.h"
