#define SECOND_KEY "amount"
#include "plugin.h"
