#define CREATE *out = NULL;
#include "plugin.h"
