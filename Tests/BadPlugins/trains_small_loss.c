#define REQUIRED LATHE_EXT_TRAINING
#define ALLOCATE loss.struct_size = 8; status = training->loss(host, 0, batches, 1, &loss);
#include "plugin.h"
