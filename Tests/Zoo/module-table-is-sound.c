/* Forgets to say how large its table is. */
#define MODULE_SIZE 8
#include "base.h"
