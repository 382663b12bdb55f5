/* Writes to a tensor that is lent for reading. */
#define COMPRESS                                                                    \
  if (block == 1) {                                                                 \
    const lathe_host_graph *graph = host->get_extension(host, LATHE_EXT_GRAPH);      \
    const lathe_linear *form = NULL;                                                \
    if (graph->linear(host, 7, &form) != LATHE_OK) return LATHE_ERR_INTERNAL;        \
    ((volatile float *)form->terms[0]->factors[0]->values->data)[0] = 1.0f;          \
  }
#include "plugin.h"
