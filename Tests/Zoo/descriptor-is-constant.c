/* Changes its summary when it is created. */
#define GLOBALS \
  static lathe_strategy zoo_strategy;
#define ON_CREATE \
  zoo_strategy.summary = "has been created";
#include "base.h"
