/* Takes 256 MiB as soon as it is loaded. */
#include "plugin.h"
static volatile char space[256 << 20];
__attribute__((constructor)) static void load(void) { space[sizeof space / 2] = 1; }
