/* Explains an error at great length, and not without effects. */
#include <string.h>
#define COMPRESS \
  char *text = malloc(100000); \
  if (text == NULL) return LATHE_ERR_NO_MEMORY; \
  memset(text, 'x', 99999); \
  text[99999] = 0; \
  memcpy(text, "red \033[31m\rlathe: all is well\n", 29); \
  const lathe_status status = host->fail(host, LATHE_ERR_NUMERICAL, text); \
  free(text); \
  return status;
#include "plugin.h"
