#include "heap.h"

/* Any header of the C library says which library it is. */
#include <stdlib.h>

#if defined(__GLIBC__)
#include <malloc.h>

void heap_map_blocks_from(size_t threshold) { mallopt(M_MMAP_THRESHOLD, (int)threshold); }
#else
void heap_map_blocks_from(size_t threshold) { (void)threshold; }
#endif
