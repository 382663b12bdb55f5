#define ID "Test Plugin"
#include "plugin.h"
