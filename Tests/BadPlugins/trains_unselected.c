#define REQUIRED LATHE_EXT_TRAINING
#define ALLOCATE status = training->set_trial(host, 1, &form);
#include "plugin.h"
