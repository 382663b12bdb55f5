/* Makes up a status of its own. */
#define FAILED(status, text) \
  (host->fail(host, status, text), (status) == LATHE_ERR_NO_MEMORY ? 99 : (status))
#include "base.h"
