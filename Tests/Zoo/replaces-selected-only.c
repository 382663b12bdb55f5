/* Replaces a layer that the recipe leaves out. */
#define ON_DONE \
  if (block == 0 && look(host, 3, &place)) compress_node(self, host, 3, &place);
#include "base.h"
