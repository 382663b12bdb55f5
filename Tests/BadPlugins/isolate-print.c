/* Prints, which a plugin should leave to the log. */
#include <stdio.h>
#define COMPRESS             \
  printf("to the output\n"); \
  fflush(stdout);            \
  fprintf(stderr, "to the errors\n");
#include "plugin.h"
