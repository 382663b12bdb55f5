/* layout.h - where the compiler put every field of lathe.h
 *
 * Not part of the ABI: the table that the frozen layout file is compared with. */
#ifndef LATHE_LAYOUT_H
#define LATHE_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct lathe_layout_row {
  const char *structure; /* "lathe_host" */
  const char *field;     /* "struct_size", or "sizeof" for the structure itself */
  uint64_t offset;
  uint64_t size;
} lathe_layout_row;

/* Rows in the order of the header; each structure's fields are followed by its size. */
const lathe_layout_row *lathe_layout(uint64_t *count);

#ifdef __cplusplus
}
#endif
#endif /* LATHE_LAYOUT_H */
