#define COMPRESS return 99;
#include "plugin.h"
