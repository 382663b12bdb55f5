/* Replaces a layer of the second block with those of the first. */
#define ON_DONE \
  if (block == 0 && look(host, 7, &place)) compress_node(self, host, 7, &place);
#include "base.h"
