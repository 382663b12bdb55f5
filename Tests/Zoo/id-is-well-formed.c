/* Capitals and blanks in an id. */
#define ID "My Strategy"
#include "base.h"
