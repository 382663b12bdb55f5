#define CREATE \
  const lathe_host_params *params = host->get_extension(host, LATHE_EXT_PARAMS); \
  double value = 0; \
  return params->get_float(host, "amount", &value);
#include "plugin.h"
