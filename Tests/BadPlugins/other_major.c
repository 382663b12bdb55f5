#define ABI_MAJOR (LATHE_ABI_MAJOR + 1)
#include "plugin.h"
