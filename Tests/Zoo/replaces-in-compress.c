/* Replaces a layer in allocate. */
#define GLOBALS \
  static lathe_status compress_node(state *self, const lathe_host *host, lathe_node node, const lathe_node_info *place);
#define ON_ALLOCATE \
  lathe_node_info place; \
  if (look(host, 0, &place)) { \
    const lathe_status taken = compress_node(self, host, 0, &place); \
    if (taken != LATHE_OK) return taken; \
  }
#include "base.h"
