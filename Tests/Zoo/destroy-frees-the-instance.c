/* Frees an instance only where it was used. */
#define FREE_STATE \
  if (self->planned) free(self);
#include "base.h"
