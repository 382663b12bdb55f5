/* A misspelt extension. */
#define REQUIRED LATHE_EXT_PARAMS, "lathe.grpah/1"
#include "base.h"
