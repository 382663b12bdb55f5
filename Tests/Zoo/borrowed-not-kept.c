/* Keeps the pointer to a statistic for allocate. */
#define GLOBALS \
  static _Thread_local const lathe_tensor *volatile last; \
  static volatile double seen;
#define ON_GRAM \
  last = gram;
#define ON_ALLOCATE \
  if (last != NULL) seen = *(const double *)last->data; \
  last = NULL;
#include "base.h"
