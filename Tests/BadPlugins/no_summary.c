#define SUMMARY NULL
#include "plugin.h"
