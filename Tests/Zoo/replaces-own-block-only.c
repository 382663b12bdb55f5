/* Replaces a layer of the second block with those of the first. */
#define ON_DONE \
  if (block == 0 && look(host, 7, &place)) { \
    const lathe_status taken = compress_node(self, host, 7, &place); \
    if (taken != LATHE_OK) return taken; \
  }
#include "base.h"
