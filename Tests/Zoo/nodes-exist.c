/* A loop that goes one too far. */
#define ON_PLAN \
  lathe_node_info beyond; \
  look(host, graph->node_count(host), &beyond);
#include "base.h"
