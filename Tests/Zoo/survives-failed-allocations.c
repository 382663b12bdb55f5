/* Knows one way in which a tensor cannot be had, and there are others. */
#define ON_NODE \
  lathe_tensor *probe = NULL; \
  const int64_t sizes[1] = {4}; \
  if (host->new_tensor(host, f32, 1, sizes, &probe) == LATHE_ERR_NO_MEMORY) \
    return FAILED(LATHE_ERR_NO_MEMORY, "no memory"); \
  *(float *)probe->data = 1; \
  drop(probe);
#include "base.h"
