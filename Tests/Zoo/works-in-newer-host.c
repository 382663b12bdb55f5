/* Takes a larger table for a broken one. */
#define ON_CREATE \
  if (host->struct_size != sizeof *host) { \
    free(made); \
    return FAILED(LATHE_ERR_UNSUPPORTED, "this host is not the one I was built for"); \
  }
#include "base.h"
