/* Logs bytes that are no text. */
#define ON_DONE \
  host->log(host, LATHE_LOG_INFO, "\xff\xfe");
#include "base.h"
