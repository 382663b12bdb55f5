/* Breaks nothing that the host checks while it runs: what the other files are measured against. Zeroes the first layer
 * of a block, which the validator rightly finds useless. */
#define COMPRESS \
  if (block >= 0) return fill(host, (lathe_node)(7 * block), 0, 0.0f);
#include "plugin.h"
