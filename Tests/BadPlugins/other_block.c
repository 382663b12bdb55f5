/* Replaces a layer of the second block while the first is compressed. */
#define COMPRESS return fill(host, 7, 0, 0.0f);
#include "plugin.h"
