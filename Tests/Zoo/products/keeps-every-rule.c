/* Breaks nothing, and leaves every layer alone that is no product of factors. */
#define PRODUCTS_ONLY
#include "../base.h"
