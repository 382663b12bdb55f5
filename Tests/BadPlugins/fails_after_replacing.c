/* What a failed call replaced must be forgotten. */
#define COMPRESS \
  if (block != 1) return fill(host, 0, 0, 0.0f); \
  fill(host, 7, 0, 0.0f); \
  return host->fail(host, LATHE_ERR_NUMERICAL, "the second block is singular");
#include "plugin.h"
