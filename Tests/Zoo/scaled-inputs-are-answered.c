/* Scales an input after its layers were replaced for the old one. */
#define ON_DONE \
  for (lathe_node node = 0; node < graph->node_count(host); node++) { \
    if (!look(host, node, &place) || place.block != block || place.role != LATHE_ROLE_DOWN) continue; \
    if (!(place.flags & LATHE_NODE_SELECTED)) continue; \
    lathe_tensor *scales = NULL; \
    const int64_t width[1] = {place.in_features}; \
    if (host->new_tensor(host, f32, 1, width, &scales) != LATHE_OK) \
      return FAILED(LATHE_ERR_NO_MEMORY, "no memory for scales"); \
    for (int64_t j = 0; j < width[0]; j++) ((float *)scales->data)[j] = 1; \
    const lathe_status scaled = graph->scale_input(host, node, scales); \
    drop(scales); \
    if (scaled != LATHE_OK) return FAILED(scaled, "an input could not be scaled"); \
  }
#include "base.h"
