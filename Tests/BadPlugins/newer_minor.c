#define MIN_HOST_MINOR (LATHE_ABI_MINOR + 1)
#include "plugin.h"
