/* Finite in f32, infinite in f16. */
#define COMPRESS return fill(host, 0, 0, 1e30f);
#include "plugin.h"
