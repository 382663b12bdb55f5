/* Tells its progress in percent. */
#define ON_DONE \
  host->progress(host, 100, "done");
#include "base.h"
