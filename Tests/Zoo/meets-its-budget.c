/* Keeps full ranks whatever the target. */
#define ON_FIT \
  self->share = 1;
#include "base.h"
