/* Logs through the handle of an earlier call. */
#define GLOBALS \
  static _Thread_local const lathe_host *old;
#define ON_ANALYZE \
  old = host;
#define ON_ALLOCATE \
  if (old != NULL) old->log(old, LATHE_LOG_DEBUG, "still here"); \
  old = NULL;
#include "base.h"
