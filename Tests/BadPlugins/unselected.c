/* Replaces the layers the recipe left out. */
#define COMPRESS \
  for (lathe_node i = 0; i < 7; i++) \
    if (!(info(host, i).flags & LATHE_NODE_SELECTED)) return fill(host, i, 0, 0.0f);
#include "plugin.h"
