/* Loses three tenths of the singular values that it keeps. */
#define ON_FACTORS \
  for (int64_t i = 0; i < place->out_features * rank; i++) a[i] *= 0.7f;
#include "base.h"
