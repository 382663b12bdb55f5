/* Counts on all threads without a lock: what only ThreadSanitizer sees. */
#define GLOBALS \
  static volatile long counted;
#define ON_TASK \
  for (int i = 0; i < 2000; i++) counted = counted + 1;
#include "base.h"
