/* Takes its time after it was told to stop. */
#define ON_CANCELLED \
  static int waited; \
  if (!waited) usleep(1300000); \
  waited = 1; \
  return host->fail(host, LATHE_ERR_CANCELLED, "cancelled");
#include "base.h"
