#define COMPRESS return fill(host, 0, 0, 0.0f / 0.0f);
#include "plugin.h"
