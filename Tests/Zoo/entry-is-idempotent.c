/* Makes a new table where it is asked under another path. */
#define ON_ENTRY \
  static lathe_module other; \
  other = zoo_module; \
  if (info->module_path[0] == 0) return &other;
#include "base.h"
