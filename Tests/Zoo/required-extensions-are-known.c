/* A misspelt extension. */
#define REQUIRED LATHE_EXT_PARAMS, "lathe.grpah/1", LATHE_EXT_BUDGET, LATHE_EXT_CALIBRATION
#include "base.h"
