/* Works without end, but asks whether it should stop. */
#define COMPRESS                          \
  while (!host->is_cancelled(host)) {}    \
  return LATHE_ERR_CANCELLED;
#include "plugin.h"
