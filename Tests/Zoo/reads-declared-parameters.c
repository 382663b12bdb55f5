/* Reads a key with a slip of the pen. */
#define ON_CREATE \
  int64_t misspelt = 0; \
  params->get_int(host, "amuont", &misspelt);
#include "base.h"
