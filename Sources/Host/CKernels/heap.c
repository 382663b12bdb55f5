#include "heap.h"

/* Any header of the C library says which library it is. */
#include <stdlib.h>

#if defined(__GLIBC__)
#include <malloc.h>

void heap_map_blocks_from(size_t threshold) { mallopt(M_MMAP_THRESHOLD, (int)threshold); }

long heap_bytes_in_use(void) {
  const struct mallinfo2 info = mallinfo2();
  return (long)(info.uordblks + info.hblkhd);
}

int heap_tells(void) {
  const long before = heap_bytes_in_use();
  /* Larger than what a thread keeps for itself; volatile, since an optimiser removes a block that nobody looks at. */
  void *volatile block = malloc(4000);
  const long after = heap_bytes_in_use();
  free(block);
  return block != NULL && after >= before + 4000;
}

int heap_fill_fresh_blocks(int byte) { return mallopt(M_PERTURB, byte); }
#else
void heap_map_blocks_from(size_t threshold) { (void)threshold; }
long heap_bytes_in_use(void) { return 0; }
int heap_tells(void) { return 0; }
int heap_fill_fresh_blocks(int byte) {
  (void)byte;
  return 0;
}
#endif
