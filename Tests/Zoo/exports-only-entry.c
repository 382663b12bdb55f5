/* A helper that is visible from outside. */
#define GLOBALS \
  LATHE_EXPORT int helper(int x); \
  LATHE_EXPORT int helper(int x) { return x + 1; }
#include "base.h"
