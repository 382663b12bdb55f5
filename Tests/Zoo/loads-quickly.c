/* Prepares something slow in lathe_entry. */
#define ON_ENTRY \
  static int ready; \
  if (!ready) usleep(1200000); \
  ready = 1;
#include "base.h"
