/* Takes overrides, and did not think of two layers that differ. */
#define FLAGS (LATHE_STRATEGY_BLOCK_PARALLEL | LATHE_STRATEGY_TAKES_BUDGET | LATHE_STRATEGY_TAKES_OVERRIDES)
#define ON_NODE \
  const lathe_host_params *params = host->get_extension(host, LATHE_EXT_PARAMS); \
  int64_t own = 0; \
  if (params->node_int(host, node, "amount", &own) != LATHE_OK) \
    return FAILED(LATHE_ERR_INTERNAL, "a parameter could not be read"); \
  if (own != self->amount) return FAILED(LATHE_ERR_INTERNAL, "the amounts differ");
#include "base.h"
