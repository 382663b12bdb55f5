/* A version in words. */
#define VERSION "first"
#include "base.h"
