/* Scales the input of every linear of the block and gives each the weight for it. */
static int scale_group(const void *host, int first);
#define COMPRESS \
  if (scale_group(host, LATHE_ROLE_ATTENTION_OUT) || scale_group(host, LATHE_ROLE_DOWN)) return LATHE_ERR_INTERNAL; \
  if (scale_group(host, LATHE_ROLE_QUERY) || scale_group(host, LATHE_ROLE_GATE)) return LATHE_ERR_INTERNAL;
#include "plugin.h"

#ifndef FORGETS
/* Replaces `node` by its weight with columns times `scales`. */
static lathe_status scale_columns(const lathe_host *host, lathe_node node, const float *scales) {
  const lathe_host_graph *graph = host->get_extension(host, LATHE_EXT_GRAPH);
  lathe_tensor *weight = NULL;
  const lathe_status status = graph->dense_weight(host, node, &weight);
  if (status != LATHE_OK) return status;
  float *values = weight->data;
  for (int64_t i = 0; i < weight->shape[0]; i++)
    for (int64_t j = 0; j < weight->shape[1]; j++) values[i * weight->shape[1] + j] *= scales[j];
  lathe_matrix matrix = {sizeof matrix, LATHE_MATRIX_DENSE, weight->shape[0], weight->shape[1], weight,
                         NULL, NULL, 0, 0, {0, 0, 0}, 0, NULL};
  const lathe_status put_status = put(host, node, &matrix);
  weight->deleter(weight);
  return put_status;
}
#endif

static int scale_group(const void *handle, int role) {
  const lathe_host *host = handle;
  const lathe_host_graph *graph = host->get_extension(host, LATHE_EXT_GRAPH);
  for (lathe_node node = 0; node < 7; node++) {
    const lathe_node_info first = info(host, node);
    if (first.role != role) continue;
    lathe_tensor *classes = NULL;
    if (graph->scale_classes(host, node, &classes) != LATHE_OK) return 1;
    float scales[64];
    int64_t shape[1] = {first.in_features};
    if (first.in_features > 64) return 1;
    for (int64_t j = 0; j < shape[0]; j++) scales[j] = 0.3f + 0.37f * (float)(((int32_t *)classes->data)[j] % 5);
    classes->deleter(classes);
    lathe_tensor tensor_of_scales = tensor(scales, float32, 1, shape);
    if (graph->scale_input(host, node, &tensor_of_scales) != LATHE_OK) return 1;
#ifndef FORGETS
    for (lathe_node reader = 0; reader < 7; reader++)
      if (info(host, reader).input_group == first.input_group && scale_columns(host, reader, scales) != LATHE_OK)
        return 1;
#endif
  }
  return 0;
}
