/* Declares the report optional and uses it without a look. */
#define ON_NODE \
  report->metric(host, node, "about to start", 1);
#include "base.h"
