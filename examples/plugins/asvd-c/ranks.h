/* ranks.h - which rank each layer gets under the host's byte budget. */
#ifndef RANKS_H
#define RANKS_H

#include "lathe.h"

/* A selected linear. It may become a factor pair of rank 1 ... limit, or stay as it is. */
typedef struct layer {
  lathe_node node;
  int64_t out;
  int64_t in;
  uint64_t bytes; /* the price of its present form */
  int64_t limit;  /* the largest rank that is cheaper than that; 0 if none is */
  int64_t rank;   /* what it gets; above limit: it stays as it is */
} layer;

/* The form W' = A B for A [out, rank], B [rank, in], with the memory that it points into. */
typedef struct pair {
  lathe_matrix b, a;
  const lathe_matrix *factors[2];
  lathe_term term;
  const lathe_term *terms[1];
  lathe_linear form;
} pair;

/* Fills `p`; without tensors it is a shape, good for prices and forecasts. */
void set_pair(pair *p, const layer *l, int64_t rank, lathe_tensor *a, lathe_tensor *b);

/* Equal shares: every layer keeps the same share of its bytes, what rounding leaves over is spent rank by
 * rank. Never above the target, and no further rank of any layer would fit.
 *
 * `layers` has room for all nodes of the model; layers outside the blocks keep their form. */
lathe_status give_ranks(const lathe_host *host, layer *layers, uint32_t *count);

#endif
