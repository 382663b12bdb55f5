#define COMPRESS return fill(host, 0, 1, 0.0f);
#include "plugin.h"
