/* SHA-256 (FIPS 180-4), incrementally:
 *
 *   lathe_sha256 hash;
 *   lathe_sha256_init(&hash);
 *   lathe_sha256_update(&hash, bytes, count);   any number of times, in pieces of any size
 *   lathe_sha256_final(&hash, digest);          32 bytes; the state is spent until the next init
 *
 * The processor's SHA instructions are used where it has them. The state is plain bytes: it may be copied to
 * continue one prefix in two ways. Different states may be used by different threads. */
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef struct lathe_sha256 {
  uint32_t state[8];
  uint64_t byte_count;
  uint8_t pending[64];
  uint32_t portable; /* non-zero: never use the processor's instructions */
  uint32_t reserved;
} lathe_sha256;

void lathe_sha256_init(lathe_sha256 *hash);
/* The same, without the processor's instructions: the fast path's oracle. */
void lathe_sha256_init_portable(lathe_sha256 *hash);
void lathe_sha256_update(lathe_sha256 *hash, const void *bytes, size_t count);
void lathe_sha256_final(lathe_sha256 *hash, uint8_t digest[32]);
