#define ENTRY_RESULT NULL
#include "plugin.h"
