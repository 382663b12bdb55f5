#define SECOND_KEY "keep"
#include "plugin.h"
