/* Returns errors without a word. */
#define FAILED(status, text) (status)
#include "base.h"
