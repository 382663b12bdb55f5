/* Reads a block that it has freed: what only AddressSanitizer sees. */
#define GLOBALS \
  static volatile char seen;
#define ON_NODE \
  char *block = malloc(64); \
  if (block == NULL) return FAILED(LATHE_ERR_NO_MEMORY, "no memory"); \
  free(block); \
  seen = *(volatile char *)(block + 5);
#include "base.h"
