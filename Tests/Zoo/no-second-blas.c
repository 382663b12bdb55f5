/* Linked against a BLAS of its own. */
/* flags: -Wl,--no-as-needed -lopenblas */
#include "base.h"
