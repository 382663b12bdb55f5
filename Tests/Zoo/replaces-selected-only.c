/* Replaces a layer that the recipe leaves out. */
#define ON_DONE \
  if (block == 0 && look(host, 3, &place)) { \
    const lathe_status taken = compress_node(self, host, 3, &place); \
    if (taken != LATHE_OK) return taken; \
  }
#include "base.h"
