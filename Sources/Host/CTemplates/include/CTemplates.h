/* Files that `lathe plugins new` writes, as they lie in examples/plugins. */
#ifndef LATHE_CTEMPLATES_H
#define LATHE_CTEMPLATES_H

#include <stddef.h>

typedef struct lathe_template {
  const char *language; /* c, cpp, rust or swift */
  const char *path;     /* in the project; names in it are changed as in the text */
  const char *text;     /* not NUL-terminated */
  size_t length;
} lathe_template;

/* NULL after the last. */
const lathe_template *lathe_template_at(size_t index);

#endif
