/* Choices for an integer. */
#define ON_ENTRY \
  amount.choices = choices; \
  amount.choice_count = 2;
#include "base.h"
