#define STRATEGY_COUNT 0
#include "plugin.h"
