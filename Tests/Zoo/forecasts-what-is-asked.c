/* Answers for another node. */
#define ON_FORECAST \
  node = node == 0 ? 1 : 0; \
  if (!look(host, node, &place)) return FAILED(LATHE_ERR_INVALID, "no such node");
#include "base.h"
