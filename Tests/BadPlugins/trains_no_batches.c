#define REQUIRED LATHE_EXT_TRAINING
#define ALLOCATE status = training->loss(host, 0, NULL, 3, &loss);
#include "plugin.h"
