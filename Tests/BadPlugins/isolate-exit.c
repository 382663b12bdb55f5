/* Ends the process instead of returning. */
#define COMPRESS \
  if (block == 1) exit(0);
#include "plugin.h"
