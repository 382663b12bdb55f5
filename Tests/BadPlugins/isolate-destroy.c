/* Crashes when its instance is destroyed; its work is done by then. */
#define CREATE the_instance.destroy = crash;
#define COMPRESS \
  if (block >= 0) return fill(host, (lathe_node)(7 * block), 0, 0.0f);
#include <lathe.h>
static void crash(lathe_instance *instance) {
  (void)instance;
  *(volatile int *)NULL = 1;
}
#include "plugin.h"
