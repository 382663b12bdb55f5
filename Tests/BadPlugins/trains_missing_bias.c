#define REQUIRED LATHE_EXT_TRAINING
#define ALLOCATE factor.factor = LATHE_FACTOR_BIAS; status = training->loss_and_gradients(host, 0, batches, 1, &factor, 1, gradients, &loss);
#include "plugin.h"
