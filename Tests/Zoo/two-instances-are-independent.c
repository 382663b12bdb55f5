/* Keeps a parameter in a static variable. */
#define GLOBALS \
  static int64_t shared_amount;
#define ON_CREATE \
  shared_amount = made->amount;
#define ON_FACTORS \
  a[0] *= 1 + 0.01f * (float)shared_amount;
#include "base.h"
