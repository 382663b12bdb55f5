/* Requests a statistic that it did not declare. */
#define DECLARED_STATS (1u << LATHE_STAT_INPUT_GRAM)
#include "base.h"
