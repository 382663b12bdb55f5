/* Knows its module on the main thread only. */
#define ON_ENTRY \
  if (gettid() != getpid()) return NULL;
#include "base.h"
