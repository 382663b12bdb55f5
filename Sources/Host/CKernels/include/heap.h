/* The process's allocator. */
#pragma once
#include <stddef.h>

/* From now on blocks of `threshold` bytes and more are mapped one by one and go back to the system when freed. Left
 * alone, glibc raises the threshold to 32 MB as such blocks are freed, and then keeps them in heaps that fragment.
 * Does nothing with other C libraries. */
void heap_map_blocks_from(size_t threshold);

/* Bytes that are allocated in the C library's heap now, mapped blocks too; 0 where it does not tell. */
long heap_bytes_in_use(void);

/* Whether `heap_bytes_in_use` sees a block come: not with a sanitizer's malloc, or another one loaded before it. */
int heap_tells(void);

/* From now on malloc fills what it gives with the complement of `byte`; 0 stops it. Returns 1 where it can. */
int heap_fill_fresh_blocks(int byte);
