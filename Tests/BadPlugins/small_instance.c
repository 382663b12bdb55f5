#define INSTANCE_SIZE 16
#include "plugin.h"
