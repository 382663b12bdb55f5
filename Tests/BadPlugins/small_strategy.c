#define STRATEGY_SIZE 24
#include "plugin.h"
