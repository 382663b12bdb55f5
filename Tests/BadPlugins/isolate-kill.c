/* Is killed in the middle of a call, as by the system when memory runs out. */
#include <signal.h>
#define COMPRESS \
  if (block == 1) raise(SIGKILL);
#include "plugin.h"
