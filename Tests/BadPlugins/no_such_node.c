#define COMPRESS return fill(host, 0, 0, 0.0f) ? 0 : put(host, 4096, NULL);
#include "plugin.h"
