/* Crashes as soon as it is loaded. */
#include "plugin.h"
__attribute__((constructor)) static void load(void) { *(volatile int *)NULL = 1; }
