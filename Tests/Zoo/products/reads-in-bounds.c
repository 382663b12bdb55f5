/* Reads 64 bytes past the end of a factor that it borrows. */
#define PRODUCTS_ONLY
#define GLOBALS \
  static volatile float seen;
#define ON_PRODUCT \
  const lathe_matrix *first = now->terms[0]->factors[0]; \
  for (int64_t i = 0; i < 16; i++) \
    seen = ((const float *)first->values->data)[first->rows * first->columns + i];
#include "../base.h"
