#define COMPRESS return LATHE_ERR_INTERNAL;
#include "plugin.h"
