#define SECOND_KEY "Some Note"
#include "plugin.h"
