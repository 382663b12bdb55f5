/* Remembers the width of the first model it ever saw. */
#define GLOBALS \
  static int64_t first_width;
#define ON_FACTORS \
  lathe_node_info start; \
  if (look(host, 0, &start) && first_width == 0) first_width = start.in_features; \
  if (start.in_features != first_width) a[0] *= 1.25f;
#include "base.h"
