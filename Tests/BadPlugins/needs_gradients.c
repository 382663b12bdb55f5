/* Must be refused before create, which would end the process. */
#define DECLARED_STATS (1ull << LATHE_STAT_GRADIENT_SQUARED)
#define CREATE abort();
#include "plugin.h"
