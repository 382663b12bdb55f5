/* Four bits hold 0 to 15. */
#define ON_FORM \
  uint8_t codes[2048] = {0}; \
  float steps[64] = {0}; \
  int64_t across[2] = {place->out_features, place->in_features}, groups[2] = {place->out_features, 1}; \
  codes[5] = 16; \
  lathe_tensor values = *weight, scales = *weight; \
  values.data = codes; \
  values.dtype = (lathe_dtype){LATHE_UINT, 8, 1}; \
  values.shape = across; \
  values.strides = NULL; \
  scales.data = steps; \
  scales.shape = groups; \
  scales.strides = NULL; \
  const lathe_matrix four = {sizeof four, LATHE_MATRIX_GROUP_QUANTIZED, across[0], across[1], &values, &scales, NULL, 0, 4, {0, 0, 0}, 0}; \
  p.factors[0] = &four; \
  p.term.factor_count = 1;
#include "base.h"
