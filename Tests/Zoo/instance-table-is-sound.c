/* An instance without its size. */
#define INSTANCE_SIZE 8
#include "base.h"
