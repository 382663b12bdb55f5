#include "matvec.h"

#include "clones.h"
#include "vectors.h"
#include "rows.h"

/* Four vectors of lanes hide the latency of an addition. What is left of a row goes through a buffer with zeros. */
#define DENSE_ROWS(load, width)                                                                     \
  const uint8_t *row = matrix;                                                                      \
  size_t whole = columns / 64 * 64, rest = columns - whole;                                         \
  float tail[64] = {0};                                                                             \
  if (rest > 0) memcpy(tail, x + whole, rest * sizeof *x);                                          \
  for (size_t r = 0; r < rows; r++, row += columns * (width)) {                                     \
    f32x16 sum[4] = {{0}, {0}, {0}, {0}}, weight, value;                                            \
    for (size_t i = 0; i < whole; i += 64)                                                          \
      _Pragma("clang loop unroll(full)") for (size_t j = 0; j < 4; j++) {                           \
        load(row + (i + 16 * j) * (width), &weight);                                                \
        load_f32(x + i + 16 * j, &value);                                                           \
        sum[j] += weight * value;                                                                   \
      }                                                                                             \
    if (rest > 0) {                                                                                 \
      uint8_t last[64 * (width)] = {0};                                                             \
      memcpy(last, row + whole * (width), rest * (width));                                          \
      _Pragma("clang loop unroll(full)") for (size_t j = 0; j < 4; j++) {                           \
        load(last + 16 * j * (width), &weight);                                                     \
        load_f32(tail + 16 * j, &value);                                                            \
        sum[j] += weight * value;                                                                   \
      }                                                                                             \
    }                                                                                               \
    sum[0] = (sum[0] + sum[2]) + (sum[1] + sum[3]);                                                 \
    y[r] = fold(&sum[0]);                                                                           \
  }

LATHE_CLONES LATHE_WIDE
void matvec_f32(const void *matrix, const float *x, float *y, size_t rows, size_t columns) {
  DENSE_ROWS(load_f32, 4)
}

LATHE_CLONES LATHE_WIDE
void matvec_f16(const void *matrix, const float *x, float *y, size_t rows, size_t columns) {
  DENSE_ROWS(load_f16, 2)
}

LATHE_CLONES LATHE_WIDE
void matvec_bf16(const void *matrix, const float *x, float *y, size_t rows, size_t columns) {
  DENSE_ROWS(load_bf16, 2)
}

/* Values are added up `width` elements of the head at a time, which stay in registers over all positions. */
LATHE_INLINE void weigh(const float *values, size_t stride, size_t count, const float *weights, size_t vectors,
                        float *out) {
  f32x16 sum[4] = {{0}, {0}, {0}, {0}}, value;
  for (size_t s = 0; s < count; s++)
    _Pragma("clang loop unroll(full)") for (size_t j = 0; j < vectors; j++) {
      load_f32(values + s * stride + 16 * j, &value);
      sum[j] += weights[s] * value;
    }
  memcpy(out, sum, vectors * sizeof *sum);
}

LATHE_CLONES LATHE_WIDE
void attend_row(const float *query, const float *keys, const float *values, size_t stride, size_t dimension,
                size_t count, float scale, float *scores, float *out) {
  size_t whole = dimension / 16 * 16;
  for (size_t s = 0; s < count; s++) {
    const float *key = keys + s * stride;
    f32x16 sum = {0}, a, b;
    for (size_t i = 0; i < whole; i += 16) {
      load_f32(query + i, &a);
      load_f32(key + i, &b);
      sum += a * b;
    }
    float total = fold(&sum);
    for (size_t i = whole; i < dimension; i++) total += query[i] * key[i];
    scores[s] = total;
  }
  row_softmax(scores, scale, 0, count, count);
  size_t i = 0;
  for (; i + 64 <= dimension; i += 64) weigh(values + i, stride, count, scores, 4, out + i);
  for (; i + 16 <= dimension; i += 16) weigh(values + i, stride, count, scores, 1, out + i);
  for (; i < dimension; i++) {
    out[i] = 0;
    for (size_t s = 0; s < count; s++) out[i] += scores[s] * values[s * stride + i];
  }
}
