/* Takes everything below an absolute threshold for zero. */
#define ON_WEIGHT \
  float *w = (float *)weight->data; \
  for (int64_t i = 0; i < place->out_features * place->in_features; i++) \
    if (fabsf(w[i]) < 1e-5f) w[i] = 0;
#include "base.h"
