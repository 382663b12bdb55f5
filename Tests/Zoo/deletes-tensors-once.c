/* Deletes a tensor twice. */
#define ON_NODE \
  lathe_tensor *twice = matrix(host, f32, 1, 1); \
  drop(twice); \
  drop(twice);
#include "base.h"
