/* Forgets struct_size of a table that the host fills. */
#define ON_PLAN \
  lathe_node_info bare; \
  memset(&bare, 0, sizeof bare); \
  graph->node(host, 0, &bare);
#include "base.h"
