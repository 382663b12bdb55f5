/* A source file saved as Latin-1. */
#define SUMMARY "quantit\xe9"
#include "base.h"
