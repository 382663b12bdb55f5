#define MODULE_SIZE 16
#include "plugin.h"
