/* Takes the first factor for the layer. */
#define ON_NODE \
  const lathe_linear *now = NULL; \
  if (graph->linear(host, node, &now) != LATHE_OK) return FAILED(LATHE_ERR_INTERNAL, "a form could not be read"); \
  const lathe_matrix *first = now->terms[0]->factors[0]; \
  if (first->rows != place->out_features) return FAILED(LATHE_ERR_INTERNAL, "the weight has another shape");
#include "base.h"
