#define REQUIRED LATHE_EXT_TRAINING
#define ALLOCATE loss.next_token_weight = 1e308 * 10; status = training->loss(host, 0, batches, 1, &loss);
#include "plugin.h"
