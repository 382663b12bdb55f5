/* A constructor that sets an environment variable. */
#define GLOBALS \
  __attribute__((constructor)) static void start(void) { setenv("ZOO_WAS_HERE", "1", 1); }
#include "base.h"
