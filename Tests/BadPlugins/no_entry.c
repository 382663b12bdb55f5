/* Exports a function of another name. */
#define NO_ENTRY lathe_entrance
#include "plugin.h"
