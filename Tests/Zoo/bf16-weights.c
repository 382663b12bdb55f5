/* Reads float32 and nothing else. */
#define ON_NODE \
  const lathe_linear *now = NULL; \
  if (graph->linear(host, node, &now) != LATHE_OK) return FAILED(LATHE_ERR_INTERNAL, "a form could not be read"); \
  const lathe_matrix *first = now->terms[0]->factors[0]; \
  if (first->values->dtype.code == LATHE_BFLOAT) return FAILED(LATHE_ERR_UNSUPPORTED, "not in float32");
#include "base.h"
