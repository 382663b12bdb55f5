#include "lathe.h"
int lathe_layout_placeholder;
