/* Takes codes for weights. */
#define ON_NODE \
  const lathe_linear *now = NULL; \
  if (graph->linear(host, node, &now) != LATHE_OK) return FAILED(LATHE_ERR_INTERNAL, "a form could not be read"); \
  const lathe_matrix *first = now->terms[0]->factors[0]; \
  if (first->storage == LATHE_MATRIX_GROUP_QUANTIZED) \
    return FAILED(LATHE_ERR_INTERNAL, "strange numbers");
#include "base.h"
