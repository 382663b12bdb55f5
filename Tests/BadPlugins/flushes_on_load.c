/* What a library linked with -ffast-math does to the thread that loads it: denormals become zero. */
#include <xmmintrin.h>
__attribute__((constructor)) static void flush(void) { _mm_setcsr(_mm_getcsr() | 0x8040); }
#include "plugin.h"
