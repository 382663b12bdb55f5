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

int heap_fill_fresh_blocks(int byte) { return mallopt(M_PERTURB, byte); }
#else
void heap_map_blocks_from(size_t threshold) { (void)threshold; }
long heap_bytes_in_use(void) { return 0; }
int heap_fill_fresh_blocks(int byte) {
  (void)byte;
  return 0;
}
#endif
