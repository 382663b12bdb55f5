/* A trial, its loss and gradient, and new values: the loss returns to what it was where they do. */
#define REQUIRED LATHE_EXT_TRAINING
#define ALLOCATE                                                                                     \
  const lathe_host_report *report = host->get_extension(host, LATHE_EXT_REPORT);                      \
  if (training->loss(host, LATHE_BATCHES_CALIBRATION, batches, 1, &loss)) return LATHE_ERR_INTERNAL;  \
  report->metric(host, LATHE_NODE_NONE, "entering", loss.next_token);                                 \
  report->metric(host, LATHE_NODE_NONE, "entering_divergence", loss.divergence);                      \
  if (training->set_trial(host, 0, &form)) return LATHE_ERR_INTERNAL;                                 \
  loss.flags = 0;                                                                                     \
  if (training->loss_and_gradients(host, 0, batches, 1, &factor, 1, gradients, &loss))                \
    return LATHE_ERR_INTERNAL;                                                                        \
  report->metric(host, LATHE_NODE_NONE, "trial_divergence", loss.divergence);                         \
  float largest = 0;                                                                                  \
  for (int64_t i = 0; i < shape[0] * shape[1]; i++)                                                   \
    largest = numbers[i] > largest ? numbers[i] : -numbers[i] > largest ? -numbers[i] : largest;      \
  report->metric(host, LATHE_NODE_NONE, "largest_gradient", largest);                                 \
  uint32_t held_out = 0;                                                                              \
  training->batch_count(host, LATHE_BATCHES_HELD_OUT, &held_out);                                     \
  report->metric(host, LATHE_NODE_NONE, "held_out", held_out);                                        \
  status = training->set_trial_values(host, &factor, 1, news);
#include "plugin.h"
