/* The same strategy twice. */
#define STRATEGIES &zoo_strategy, &zoo_strategy
#include "base.h"
