#define REQUIRED LATHE_EXT_TRAINING
#define ALLOCATE status = training->loss(host, 0, batches, 1, &loss);
#include "plugin.h"
