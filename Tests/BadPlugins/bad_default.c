/* A default outside the parameter's own range. */
#define FIRST_DEFAULT "99"
#include "plugin.h"
