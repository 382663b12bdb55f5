/* A default outside its own range. */
#define AMOUNT_DEFAULT "30"
#include "base.h"
