#define FIRST_DEFAULT NULL
#include "plugin.h"
