/* Divides by the number of layers of a block. */
#define ON_COMPRESS \
  int count = 0; \
  lathe_node_info each; \
  for (lathe_node n = 0; n < graph->node_count(host); n++) \
    count += look(host, n, &each) && each.block == block && (each.flags & LATHE_NODE_SELECTED); \
  if (count == 0) return FAILED(LATHE_ERR_INTERNAL, "the mean of nothing");
#include "base.h"
