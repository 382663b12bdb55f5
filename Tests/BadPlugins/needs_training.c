/* Must be refused before create, which would end the process. */
#define REQUIRED LATHE_EXT_TRAINING
#define CREATE abort();
#include "plugin.h"
