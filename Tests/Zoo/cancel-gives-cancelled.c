/* Calls a cancellation an internal error. */
#define ON_CANCELLED \
  return host->fail(host, LATHE_ERR_INTERNAL, "stopped");
#include "base.h"
