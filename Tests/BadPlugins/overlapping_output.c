/* An output of lathe.linalg/1 is one of its inputs. */
#ifndef OUTPUT
#define OUTPUT numbers
#endif
#define REQUIRED LATHE_EXT_GRAPH, LATHE_EXT_LINALG
#define COMPRESS \
  float numbers[8] = {0}; \
  float others[4] = {0}; \
  int64_t shape[2] = {2, 2}; \
  lathe_tensor a = tensor(others, float32, 2, shape); \
  lathe_tensor b = tensor(numbers, float32, 2, shape); \
  lathe_tensor after = tensor(numbers + 4, float32, 2, shape); \
  lathe_tensor c = tensor(OUTPUT, float32, 2, shape); \
  const lathe_host_linalg *algebra = host->get_extension(host, LATHE_EXT_LINALG); \
  lathe_status beside = algebra->gemm(host, 0, 0, 1, &a, &b, 0, &after); \
  return beside != LATHE_OK ? beside : algebra->gemm(host, 0, 0, 1, &a, &b, 0, &c);
#include "plugin.h"
