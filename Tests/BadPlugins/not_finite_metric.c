/* Breaks no rule: NaN is a number a strategy may report, and JSON has none. */
#define COMPRESS \
  const lathe_host_report *report = host->get_extension(host, LATHE_EXT_REPORT); \
  report->metric(host, 0, "error", 0.0 / 0.0); \
  report->metric(host, LATHE_NODE_NONE, "error", 1.0 / 0.0);
#include "plugin.h"
