/* An output of lathe.linalg/1 begins at the last number of an input. */
#define OUTPUT numbers + 3
#include "overlapping_output.c"
