/* Built for a later minor version: its tables are larger, but it can live with this host. */
#define ABI_MINOR 7
#define MIN_HOST_MINOR 0
#define MODULE_SIZE (sizeof(lathe_module) + 64)
#define STRATEGY_SIZE (sizeof(lathe_strategy) + 64)
#define INSTANCE_SIZE (sizeof(lathe_instance) + 64)
#define COMPRESS \
  if (block >= 0) return fill(host, (lathe_node)(7 * block), 0, 0.0f);
#include "plugin.h"
