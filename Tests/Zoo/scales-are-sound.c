/* Divides an input by a tensor that it forgot to fill. */
#define ON_NODE \
  if (place->role == LATHE_ROLE_DOWN) { \
    lathe_tensor *scales = NULL; \
    const int64_t width[1] = {place->in_features}; \
    if (host->new_tensor(host, f32, 1, width, &scales) != LATHE_OK) \
      return FAILED(LATHE_ERR_NO_MEMORY, "no memory for scales"); \
    const lathe_status scaled = graph->scale_input(host, node, scales); \
    drop(scales); \
    if (scaled != LATHE_OK) return FAILED(scaled, "an input could not be scaled"); \
  }
#include "base.h"
