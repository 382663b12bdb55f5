/* Writes through a null pointer. */
#define COMPRESS \
  if (block == 1) *(volatile int *)NULL = 1;
#include "plugin.h"
