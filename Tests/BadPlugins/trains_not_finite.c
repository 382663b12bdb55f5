#define REQUIRED LATHE_EXT_TRAINING
#define ALLOCATE numbers[0] = (float)(1e308 * 10); status = training->set_trial(host, 0, &form);
#include "plugin.h"
