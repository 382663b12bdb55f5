#define COMPRESS return host->fail(host, LATHE_ERR_NUMERICAL, "q_proj did not converge");
#include "plugin.h"
