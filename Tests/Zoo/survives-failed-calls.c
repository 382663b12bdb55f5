/* Knows one way in which a weight cannot be had, and there are others. */
#define GLOBALS \
  static volatile float seen;
#define ON_NODE \
  lathe_tensor *probe = NULL; \
  if (graph->dense_weight(host, node, &probe) == LATHE_ERR_NO_MEMORY) \
    return FAILED(LATHE_ERR_NO_MEMORY, "no memory for a weight"); \
  seen = *(float *)probe->data; \
  drop(probe);
#include "base.h"
