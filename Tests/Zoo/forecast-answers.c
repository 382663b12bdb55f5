/* Answers with an error where it could have left forecast NULL. */
#define ON_FORECAST \
  if (rank > 0) return FAILED(LATHE_ERR_UNSUPPORTED, "ranks are known after the measurements");
#include "base.h"
