/* Takes the codes of a table for steps of equal size. */
#define ON_NODE \
  const lathe_linear *now = NULL; \
  if (graph->linear(host, node, &now) != LATHE_OK) return FAILED(LATHE_ERR_INTERNAL, "a form could not be read"); \
  if (now->terms[0]->factors[0]->storage == LATHE_MATRIX_CODEBOOK) \
    return FAILED(LATHE_ERR_INTERNAL, "strange numbers");
#include "base.h"
