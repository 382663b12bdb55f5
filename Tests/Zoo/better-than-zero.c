/* A sign is wrong. */
#define ON_FACTORS \
  for (int64_t i = 0; i < place->out_features * rank; i++) a[i] = -a[i];
#include "base.h"
