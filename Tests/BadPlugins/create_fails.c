#define CREATE return host->fail(host, LATHE_ERR_INVALID, "these parameters do not fit together");
#include "plugin.h"
