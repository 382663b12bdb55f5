/* Calls a function that no library has. Lazy binding would find out in the middle of a run. */
#define GLOBALS \
  void function_of_no_library(void);
#define ON_DESTROY \
  if (self->amount == 77) function_of_no_library();
#include "base.h"
