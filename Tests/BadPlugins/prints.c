/* Writes to standard output whenever it can, through the C library's buffer and around it. */
#include <stdio.h>
#include <unistd.h>
static void speak(void) {
  printf("buffered words\n");
  if (write(1, "direct words\n", 13) != 13) _exit(9);
}
#define CREATE speak();
#define PLAN speak();
#define COMPRESS speak();
#include "plugin.h"
__attribute__((constructor)) static void load(void) { speak(); }
