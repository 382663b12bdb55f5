/* Answers every id with its instance. */
#define ON_EXTENSION \
  return instance;
#include "base.h"
