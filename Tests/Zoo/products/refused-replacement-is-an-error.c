/* Does not look whether its product was taken. */
#define PRODUCTS_ONLY
#define ON_REPLACED \
  status = LATHE_OK;
#include "../base.h"
