/* Breaks nothing: what the other files are measured against. */
#include "base.h"
