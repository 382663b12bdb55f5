#define REQUIRED LATHE_EXT_TRAINING
#define PLAN                                                                                         \
  uint32_t count;                                                                                    \
  const lathe_host_training *training = host->get_extension(host, LATHE_EXT_TRAINING);                \
  return training->batch_count(host, 0, &count);
#include "plugin.h"
