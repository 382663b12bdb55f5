/* Loses a block of memory in every compress. */
#define GLOBALS \
  static void *volatile lost;
#define ON_DONE \
  lost = malloc(200);
#include "base.h"
