/* Never returns and never calls the host. */
#define COMPRESS \
  if (block == 1) \
    for (volatile int i = 0;; i++) {}
#include "plugin.h"
