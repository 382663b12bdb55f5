/* Must be refused before create, which would end the process. */
#define REQUIRED "lathe.unknown/1"
#define CREATE abort();
#include "plugin.h"
