/* Does not look whether its layer was taken. */
#define ON_REPLACED \
  status = LATHE_OK;
#include "base.h"
