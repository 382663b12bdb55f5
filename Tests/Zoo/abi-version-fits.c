/* Needs a host that does not exist yet. */
#define MIN_HOST_MINOR 9
#include "base.h"
