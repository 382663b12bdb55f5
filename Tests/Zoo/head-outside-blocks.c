/* Does not expect a layer outside the blocks. */
#define ON_COMPRESS \
  if (block < 0) return FAILED(LATHE_ERR_INVALID, "no such block");
#include "base.h"
