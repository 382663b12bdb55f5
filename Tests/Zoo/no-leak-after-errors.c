/* Cleans up where all went well, and forgets it elsewhere. */
#define CLEAN \
  if (status == LATHE_OK) { \
    drop(weight); \
    drop(ta); \
    drop(tb); \
    drop(ts); \
  }
#include "base.h"
