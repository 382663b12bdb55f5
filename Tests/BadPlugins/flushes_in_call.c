/* Leaves denormals switched off after a call. */
#include <xmmintrin.h>
#define COMPRESS _mm_setcsr(_mm_getcsr() | 0x8040);
#include "plugin.h"
