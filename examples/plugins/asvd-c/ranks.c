#include "ranks.h"

void set_pair(pair *p, const layer *l, int64_t rank, lathe_tensor *a, lathe_tensor *b) {
  p->b = (lathe_matrix){.struct_size = sizeof p->b, .storage = LATHE_MATRIX_DENSE, .rows = rank,
                        .columns = l->in, .values = b};
  p->a = (lathe_matrix){.struct_size = sizeof p->a, .storage = LATHE_MATRIX_DENSE, .rows = l->out,
                        .columns = rank, .values = a};
  p->factors[0] = &p->b; /* factor 0 meets the input */
  p->factors[1] = &p->a;
  p->term = (lathe_term){.struct_size = sizeof p->term, .factor_count = 2, .factors = p->factors};
  p->terms[0] = &p->term;
  p->form = (lathe_linear){.struct_size = sizeof p->form, .term_count = 1, .terms = p->terms};
}

typedef struct prices {
  const lathe_host *host;
  const lathe_host_budget *budget;
  lathe_status status; /* of the first price that could not be had; all later ones are 0 */
} prices;

/* Bytes in the finished folder: what the later stages of the recipe make of the form is counted. */
static uint64_t price(prices *p, const layer *l, int64_t rank) {
  uint64_t bytes = 0;
  pair shape;
  if (rank > l->limit) return l->bytes;
  if (p->status != LATHE_OK) return 0;
  set_pair(&shape, l, rank, NULL, NULL);
  p->status = p->budget->cost(p->host, l->node, &shape.form, &bytes);
  return p->status == LATHE_OK ? bytes : 0;
}

/* The largest rank in 1 ... most that costs at most `bytes`, else `least`. Prices do not fall with the rank. */
static int64_t largest(prices *p, const layer *l, int64_t least, int64_t most, double bytes) {
  while (least < most) {
    int64_t middle = least + (most - least + 1) / 2;
    if ((double)price(p, l, middle) <= bytes) least = middle;
    else most = middle - 1;
  }
  return least;
}

static lathe_status list_layers(prices *p, const lathe_host_graph *graph, layer *layers, uint32_t *count) {
  *count = 0;
  for (lathe_node node = 0; node < graph->node_count(p->host); node++) {
    lathe_node_info info = {.struct_size = sizeof info};
    lathe_status status = graph->node(p->host, node, &info);
    if (status != LATHE_OK) return status;
    if (info.kind != LATHE_NODE_LINEAR || !(info.flags & LATHE_NODE_SELECTED)) continue;
    layer *l = &layers[(*count)++];
    *l = (layer){.node = node, .out = info.out_features, .in = info.in_features};
    const lathe_linear *present;
    status = graph->linear(p->host, node, &present);
    if (status == LATHE_OK) status = p->budget->cost(p->host, node, present, &l->bytes);
    if (status != LATHE_OK) return status;
    if (info.block < 0 || l->bytes == 0) continue; /* no statistics there: it stays */
    l->limit = l->out < l->in ? l->out : l->in;
    l->limit = largest(p, l, 0, l->limit, (double)l->bytes - 1);
    if (p->status != LATHE_OK) return p->status;
  }
  return LATHE_OK;
}

/* One rank more for each layer in turn, as long as it fits into the target; says whether any did. */
static int spend(prices *p, layer *layers, uint32_t count, uint64_t target, uint64_t *used) {
  int spent = 0;
  for (uint32_t i = 0; i < count && p->status == LATHE_OK; i++) {
    layer *l = &layers[i];
    if (l->rank > l->limit) continue;
    uint64_t others = *used - price(p, l, l->rank), next = price(p, l, l->rank + 1);
    if (others + next > target) continue;
    *used = others + next;
    l->rank++;
    spent = 1;
  }
  return spent;
}

/* The layer with the highest share that can still lose a rank, or NULL. */
static layer *richest(prices *p, layer *layers, uint32_t count) {
  layer *found = NULL;
  double highest = 0;
  for (uint32_t i = 0; i < count; i++) {
    layer *l = &layers[i];
    if (l->limit == 0 || l->rank <= 1) continue;
    double share = (double)price(p, l, l->rank) / (double)l->bytes;
    if (found != NULL && share <= highest) continue;
    found = l;
    highest = share;
  }
  return found;
}

lathe_status give_ranks(const lathe_host *host, layer *layers, uint32_t *count) {
  const lathe_host_graph *graph = host->get_extension(host, LATHE_EXT_GRAPH);
  prices p = {.host = host, .budget = host->get_extension(host, LATHE_EXT_BUDGET)};
  uint64_t target, used = 0;
  lathe_status status = p.budget->target(host, &target);
  if (status != LATHE_OK) {
    return host->fail(host, status, "there is no budget; give the stage a value for keep");
  }
  status = list_layers(&p, graph, layers, count);
  if (status != LATHE_OK) return host->fail(host, status, "a layer could not be priced");

  double fixed = 0, open = 0;
  for (uint32_t i = 0; i < *count; i++) *(layers[i].limit > 0 ? &open : &fixed) += (double)layers[i].bytes;
  double share = open > 0 ? ((double)target - fixed) / open : 1;
  for (uint32_t i = 0; i < *count; i++) {
    layer *l = &layers[i];
    l->rank = largest(&p, l, 1, l->limit + 1, share * (double)l->bytes);
    used += price(&p, l, l->rank);
  }
  /* Only where rank 1 of a small layer is above its share. */
  while (used > target && p.status == LATHE_OK) {
    layer *l = richest(&p, layers, *count);
    if (l == NULL)
      return host->fail(host, LATHE_ERR_INVALID, "the budget is below rank 1 in every layer; raise keep");
    used -= price(&p, l, l->rank);
    used += price(&p, l, --l->rank);
  }
  while (spend(&p, layers, *count, target, &used) && p.status == LATHE_OK) {
  }
  if (p.status != LATHE_OK) return host->fail(host, p.status, "a layer could not be priced");
  return LATHE_OK;
}
