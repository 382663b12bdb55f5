/* A flag that does not exist. */
#define FLAGS (LATHE_STRATEGY_BLOCK_PARALLEL | LATHE_STRATEGY_TAKES_BUDGET | 1u << 20)
#include "base.h"
