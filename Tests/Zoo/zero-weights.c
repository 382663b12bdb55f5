/* Divides by the largest weight. */
#define ON_WEIGHT \
  float largest = 0, *w = (float *)weight->data; \
  for (int64_t i = 0; i < place->out_features * place->in_features; i++) \
    if (fabsf(w[i]) > largest) largest = fabsf(w[i]); \
  for (int64_t i = 0; i < place->out_features * place->in_features; i++) w[i] /= largest;
#define ON_FACTORS \
  for (int64_t i = 0; i < place->out_features * rank; i++) a[i] *= largest;
#include "base.h"
