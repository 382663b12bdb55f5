#define CREATE \
  const lathe_host_params *params = host->get_extension(host, LATHE_EXT_PARAMS); \
  int64_t value = 0; \
  return params->get_int(host, "amuont", &value);
#include "plugin.h"
