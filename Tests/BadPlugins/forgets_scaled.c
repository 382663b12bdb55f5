/* Scales inputs and does not replace the linears that read them. */
#define FORGETS
#include "scales_inputs.c"
