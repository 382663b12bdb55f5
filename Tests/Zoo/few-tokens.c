/* Needs Gram matrices of full rank. */
#define ON_GRAM \
  const lathe_host_linalg *linear = host->get_extension(host, LATHE_EXT_LINALG); \
  lathe_tensor *l = matrix(host, f64, place.in_features, place.in_features); \
  if (l == NULL) return FAILED(LATHE_ERR_NO_MEMORY, "no memory"); \
  status = *(const double *)gram->data > 0 ? linear->cholesky(host, gram, l) : LATHE_OK; \
  drop(l); \
  if (status != LATHE_OK) return FAILED(status, "a Gram matrix is not positive definite");
#include "base.h"
