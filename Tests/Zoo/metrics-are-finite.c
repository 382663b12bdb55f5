/* Reports the quotient of nothing and nothing. */
#define ON_NODE \
  if (report != NULL) report->metric(host, node, "error", (double)NAN);
#include "base.h"
