#include "convert.h"

#include <string.h>

#include "clones.h"

/* Unaligned, aliasing element types: a tensor inside a file may start at any byte. */
typedef uint16_t u16_any __attribute__((aligned(1), may_alias));
typedef _Float16 f16_any __attribute__((aligned(1), may_alias));
typedef float f32_any __attribute__((aligned(1), may_alias));
typedef double f64_any __attribute__((aligned(1), may_alias));

static inline float bf16_value(uint16_t bits) {
  uint32_t pattern = (uint32_t)bits << 16;
  float value;
  memcpy(&value, &pattern, sizeof value);
  return value;
}

static inline uint16_t bf16_bits(float value) {
  uint32_t pattern;
  memcpy(&pattern, &value, sizeof pattern);
  uint32_t rounded = pattern + 0x7fffu + ((pattern >> 16) & 1u);
  uint32_t quiet = pattern | 0x00400000u;
  return (uint16_t)(((pattern & 0x7fffffffu) > 0x7f800000u ? quiet : rounded) >> 16);
}

LATHE_CLONES
void convert_bf16_to_f32(const void *restrict source, float *restrict target, size_t count) {
  const u16_any *from = source;
  for (size_t i = 0; i < count; i++) target[i] = bf16_value(from[i]);
}

LATHE_CLONES
void convert_f16_to_f32(const void *restrict source, float *restrict target, size_t count) {
  const f16_any *from = source;
  for (size_t i = 0; i < count; i++) target[i] = (float)from[i];
}

LATHE_CLONES
void convert_f64_to_f32(const void *restrict source, float *restrict target, size_t count) {
  const f64_any *from = source;
  for (size_t i = 0; i < count; i++) target[i] = (float)from[i];
}

LATHE_CLONES
void convert_f32_to_bf16(const float *restrict source, uint16_t *restrict target, size_t count) {
  for (size_t i = 0; i < count; i++) target[i] = bf16_bits(source[i]);
}

LATHE_CLONES
void convert_f32_to_f16(const float *restrict source, uint16_t *restrict target, size_t count) {
  f16_any *to = (f16_any *)target;
  for (size_t i = 0; i < count; i++) to[i] = (_Float16)source[i];
}

LATHE_CLONES
void convert_f32_to_f64(const void *restrict source, double *restrict target, size_t count) {
  const f32_any *from = source;
  for (size_t i = 0; i < count; i++) target[i] = (double)from[i];
}

LATHE_CLONES
void convert_bf16_to_f64(const void *restrict source, double *restrict target, size_t count) {
  const u16_any *from = source;
  for (size_t i = 0; i < count; i++) target[i] = (double)bf16_value(from[i]);
}

LATHE_CLONES
void convert_f16_to_f64(const void *restrict source, double *restrict target, size_t count) {
  const f16_any *from = source;
  for (size_t i = 0; i < count; i++) target[i] = (double)(float)from[i];
}

/* The exponent bits are compared as integers: a comparison of floats may be assumed away by a compiler. */
LATHE_CLONES
size_t count_nonfinite_f32(const float *source, size_t count) {
  size_t total = 0;
  size_t done = 0;
  while (done < count) {
    /* Blocks keep the inner counter 32 bits wide, as wide as the elements. */
    size_t end = count - done > 65536 ? done + 65536 : count;
    uint32_t block = 0;
    for (size_t i = done; i < end; i++) {
      uint32_t pattern;
      memcpy(&pattern, source + i, sizeof pattern);
      block += (pattern & 0x7f800000u) == 0x7f800000u;
    }
    total += block;
    done = end;
  }
  return total;
}

LATHE_CLONES
size_t count_nonfinite_f64(const double *source, size_t count) {
  uint64_t total = 0;
  for (size_t i = 0; i < count; i++) {
    uint64_t pattern;
    memcpy(&pattern, source + i, sizeof pattern);
    total += (pattern & 0x7ff0000000000000u) == 0x7ff0000000000000u;
  }
  return total;
}

/* Sixteen partial sums, so that every instruction set adds in the same order. */
#define SUM_OF_SQUARES(load)                                                                        \
  double partial[16] = {0};                                                                         \
  size_t whole = count / 16 * 16;                                                                   \
  for (size_t i = 0; i < whole; i += 16)                                                            \
    for (size_t j = 0; j < 16; j++) {                                                               \
      double value = load(source[i + j]);                                                           \
      partial[j] += value * value;                                                                  \
    }                                                                                               \
  for (size_t i = whole; i < count; i++) {                                                          \
    double value = load(source[i]);                                                                 \
    partial[i - whole] += value * value;                                                            \
  }                                                                                                 \
  for (size_t width = 8; width > 0; width /= 2)                                                     \
    for (size_t j = 0; j < width; j++) partial[j] += partial[j + width];                            \
  return partial[0];

LATHE_CLONES
double sum_of_squares_f32(const float *source, size_t count) { SUM_OF_SQUARES((double)) }

LATHE_CLONES
double sum_of_squares_f64(const double *source, size_t count) { SUM_OF_SQUARES() }
