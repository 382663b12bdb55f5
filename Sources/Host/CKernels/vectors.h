/* Vectors of 16 elements, which every instruction set cuts into what it has. */
#pragma once
#include <stdint.h>
#include <string.h>

typedef float f32x16 __attribute__((vector_size(64)));
typedef uint32_t u32x16 __attribute__((vector_size(64)));
typedef uint16_t u16x16 __attribute__((vector_size(32)));
typedef _Float16 f16x16 __attribute__((vector_size(32)));
typedef uint64_t u64x16 __attribute__((vector_size(128)));

#define LATHE_INLINE static inline __attribute__((always_inline))
/* Compilers that tune for 256 bits would cut the vectors in two on processors with AVX-512. */
#if defined(__x86_64__) && defined(__clang__)
#define LATHE_WIDE __attribute__((min_vector_width(512)))
#else
#define LATHE_WIDE
#endif

LATHE_INLINE void load_f32(const void *source, f32x16 *value) { memcpy(value, source, sizeof *value); }

LATHE_INLINE void load_f16(const void *source, f32x16 *value) {
  f16x16 half;
  memcpy(&half, source, sizeof half);
  *value = __builtin_convertvector(half, f32x16);
}

LATHE_INLINE void load_bf16(const void *source, f32x16 *value) {
  u16x16 half;
  memcpy(&half, source, sizeof half);
  *value = (f32x16)(__builtin_convertvector(half, u32x16) << 16);
}

/* The sum of the lanes: halves are added until one is left. */
LATHE_INLINE float fold(const f32x16 *value) {
  typedef float f32x8 __attribute__((vector_size(32)));
  typedef float f32x4 __attribute__((vector_size(16)));
  f32x8 eight = __builtin_shufflevector(*value, *value, 0, 1, 2, 3, 4, 5, 6, 7) +
                __builtin_shufflevector(*value, *value, 8, 9, 10, 11, 12, 13, 14, 15);
  f32x4 four = __builtin_shufflevector(eight, eight, 0, 1, 2, 3) +
               __builtin_shufflevector(eight, eight, 4, 5, 6, 7);
  f32x4 two = four + __builtin_shufflevector(four, four, 2, 3, -1, -1);
  return two[0] + two[1];
}
