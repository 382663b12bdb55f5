#include "lathe.h"
extern int lathe_layout_placeholder; int lathe_layout_placeholder;
