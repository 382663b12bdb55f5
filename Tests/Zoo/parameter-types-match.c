/* Reads an integer as a number. */
#define ON_CREATE \
  double number = 0; \
  params->get_float(host, "amount", &number);
#include "base.h"
