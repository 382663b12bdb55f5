/* A bit of declared_stats that stands for nothing. */
#define DECLARED_STATS \
  ((1u << LATHE_STAT_INPUT_GRAM) | (1u << LATHE_STAT_INPUT_ABS_MEAN) | (1ull << 40))
#include "base.h"
