/* A key that no recipe can hold. */
#define AMOUNT_KEY "Amount!"
#include "base.h"
