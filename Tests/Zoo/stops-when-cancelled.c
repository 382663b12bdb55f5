/* Finishes a few more layers after it was told to stop. */
#define ON_CANCELLED \
  for (int i = 0; i < 3; i++) { \
    lathe_tensor *more = NULL; \
    if (graph->dense_weight(host, node, &more) == LATHE_OK) drop(more); \
  } \
  return host->fail(host, LATHE_ERR_CANCELLED, "cancelled");
#include "base.h"
