#define REQUIRED LATHE_EXT_TRAINING
#define ALLOCATE values.flags = LATHE_TENSOR_READ_ONLY; status = training->loss_and_gradients(host, 0, batches, 1, &factor, 1, gradients, &loss);
#include "plugin.h"
