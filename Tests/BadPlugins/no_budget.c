/* Asks for a budget that the recipe does not give. */
#define COMPRESS \
  const lathe_host_budget *budget = host->get_extension(host, LATHE_EXT_BUDGET); \
  uint64_t bytes = 0; \
  return budget->target(host, &bytes);
#include "plugin.h"
