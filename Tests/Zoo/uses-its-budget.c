/* Takes half of the ranks that it could have. */
#define ON_FIT \
  self->share *= 0.5;
#include "base.h"
