/* Destroys what analyze would have made. */
#define ON_DESTROY \
  if (self->planned && !self->analyzed) abort();
#include "base.h"
