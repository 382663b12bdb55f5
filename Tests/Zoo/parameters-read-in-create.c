/* Reads a parameter again in plan. */
#define ON_PLAN \
  int64_t again = 0; \
  ((const lathe_host_params *)host->get_extension(host, LATHE_EXT_PARAMS))->get_int(host, "amount", &again);
#include "base.h"
