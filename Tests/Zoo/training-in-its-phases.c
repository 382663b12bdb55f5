/* Measures a loss while it compresses. */
#define REQUIRED \
  LATHE_EXT_PARAMS, LATHE_EXT_GRAPH, LATHE_EXT_BUDGET, LATHE_EXT_CALIBRATION, LATHE_EXT_LINALG, \
  LATHE_EXT_PARALLEL, LATHE_EXT_WORKSPACE, LATHE_EXT_TRAINING
#define ON_COMPRESS \
  const lathe_host_training *training = host->get_extension(host, LATHE_EXT_TRAINING); \
  const uint32_t batches[1] = {0}; \
  lathe_loss loss; \
  memset(&loss, 0, sizeof loss); \
  loss.struct_size = sizeof loss; \
  loss.next_token_weight = 1; \
  if (training->loss(host, LATHE_BATCHES_CALIBRATION, batches, 1, &loss) == LATHE_ERR_CANCELLED) \
    return host->fail(host, LATHE_ERR_CANCELLED, "cancelled");
#include "base.h"
