#define REQUIRED LATHE_EXT_TRAINING
#define ALLOCATE batches[0] = 1000; status = training->loss(host, 0, batches, 1, &loss);
#include "plugin.h"
