#define REQUIRED LATHE_EXT_TRAINING
#define ALLOCATE status = training->set_trial_values(host, &factor, 1, news);
#include "plugin.h"
