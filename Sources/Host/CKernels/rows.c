#include "rows.h"

#include <math.h>
#include <string.h>

#include "clones.h"
#include "lanes.h"

LATHE_CLONES
void row_exp(const float *source, float *target, size_t count) {
  ELEMENTWISE for (size_t i = 0; i < count; i++) target[i] = exponential(source[i]);
}

LATHE_CLONES
float row_rms_norm(const float *source, const float *weight, float epsilon, float *target, size_t count) {
  float lanes[LANES] = {0};
  size_t whole = count / LANES * LANES;
  for (size_t i = 0; i < whole; i += LANES)
    for (size_t j = 0; j < LANES; j++) lanes[j] += source[i + j] * source[i + j];
  for (size_t i = whole; i < count; i++) lanes[i - whole] += source[i] * source[i];
  FOLD(lanes)
  float inverse = 1.0f / sqrtf(lanes[0] / (float)count + epsilon);
  ELEMENTWISE for (size_t i = 0; i < count; i++) target[i] = weight[i] * (source[i] * inverse);
  return inverse;
}

/* A NaN wins or is skipped depending on its place; the sums that follow carry it on either way. */
static inline __attribute__((always_inline)) float maximum(const float *source, size_t count) {
  float lanes[LANES];
  for (size_t j = 0; j < LANES; j++) lanes[j] = source[0];
  size_t whole = count / LANES * LANES;
  for (size_t i = 0; i < whole; i += LANES)
    for (size_t j = 0; j < LANES; j++) lanes[j] = source[i + j] > lanes[j] ? source[i + j] : lanes[j];
  for (size_t i = whole; i < count; i++)
    lanes[i - whole] = source[i] > lanes[i - whole] ? source[i] : lanes[i - whole];
  float best = lanes[0];
  for (size_t j = 1; j < LANES; j++) best = lanes[j] > best ? lanes[j] : best;
  return best;
}

LATHE_CLONES
void row_softmax(float *scores, float scale, size_t begin, size_t end, size_t count) {
  float *row = scores + begin;
  size_t length = end - begin;
  float top = maximum(row, length) * scale;
  float lanes[LANES] = {0};
  size_t whole = length / LANES * LANES;
  for (size_t i = 0; i < whole; i += LANES)
    for (size_t j = 0; j < LANES; j++) {
      float value = exponential(row[i + j] * scale - top);
      row[i + j] = value;
      lanes[j] += value;
    }
  for (size_t i = whole; i < length; i++) {
    row[i] = exponential(row[i] * scale - top);
    lanes[i - whole] += row[i];
  }
  FOLD(lanes)
  float inverse = 1.0f / lanes[0];
  for (size_t i = 0; i < length; i++) row[i] *= inverse;
  memset(scores, 0, begin * sizeof *scores);
  memset(scores + end, 0, (count - end) * sizeof *scores);
}

#define BLOCK 1024

/* Adds term(i) over all i: f32 lanes within a block, f64 over blocks. */
#define SUM_IN_BLOCKS(total, count, term)                                                           \
  for (size_t start = 0; start < (count); start += BLOCK) {                                         \
    size_t end = (count) - start > BLOCK ? start + BLOCK : (count);                                 \
    size_t whole = start + (end - start) / LANES * LANES;                                           \
    float lanes[LANES] = {0};                                                                       \
    for (size_t i = start; i < whole; i += LANES)                                                   \
      for (size_t j = 0; j < LANES; j++) lanes[j] += term(i + j);                                   \
    for (size_t i = whole; i < end; i++) lanes[i - whole] += term(i);                               \
    FOLD(lanes)                                                                                     \
    (total) += (double)lanes[0];                                                                    \
  }

LATHE_CLONES
double row_log_sum_exp(const float *source, size_t count) {
  float top = maximum(source, count);
  double total = 0;
#define TERM(i) exponential(source[i] - top)
  SUM_IN_BLOCKS(total, count, TERM)
#undef TERM
  return (double)top + log(total);
}

LATHE_CLONES
size_t row_argmax(const float *source, size_t count) {
  float top = maximum(source, count);
  for (size_t i = 0; i < count; i++)
    if (source[i] == top) return i;
  return 0;
}

/* Logarithms are taken against the log-sum-exps rounded to f32; what the rounding left out is put right in f64
 * at the end, where the probabilities sum to one. */
LATHE_CLONES
double row_divergence(const float *reference, double reference_lse, const float *other, double other_lse,
                      size_t count) {
  float p = (float)reference_lse, q = (float)other_lse;
  double missing_p = reference_lse - (double)p, missing_q = other_lse - (double)q;
  double total = 0;
#define TERM(i) exponential(reference[i] - p) * ((reference[i] - p) - (other[i] - q))
  SUM_IN_BLOCKS(total, count, TERM)
#undef TERM
  return total * exp(-missing_p) - (missing_p - missing_q);
}

LATHE_CLONES
void row_silu_gate(const float *gate, const float *up, float *target, size_t count) {
  ELEMENTWISE for (size_t i = 0; i < count; i++)
    target[i] = gate[i] / (1.0f + exponential(-gate[i])) * up[i];
}

LATHE_CLONES
void row_gelu_gate(const float *gate, const float *up, float *target, size_t count) {
  ELEMENTWISE for (size_t i = 0; i < count; i++) {
    float x = gate[i];
    float tail = normal_tail(fabsf(x));
    target[i] = x * (x < 0.0f ? tail : 1.0f - tail) * up[i];
  }
}

/* (1 + tanh u) / 2 = 1 / (1 + exp(-2 u)): one exponential and no cancellation for negative u. */
LATHE_CLONES
void row_gelu_tanh_gate(const float *gate, const float *up, float *target, size_t count) {
  ELEMENTWISE for (size_t i = 0; i < count; i++) {
    float x = gate[i];
    float twice = 1.59576912160573071f * (x + 0.044715f * x * x * x);
    target[i] = x / (1.0f + exponential(-twice)) * up[i];
  }
}

LATHE_CLONES
void row_relu_gate(const float *gate, const float *up, float *target, size_t count) {
  ELEMENTWISE for (size_t i = 0; i < count; i++)
    target[i] = (gate[i] < 0.0f ? 0.0f : gate[i]) * up[i];
}

LATHE_CLONES
void row_rotate(float *x, const float *restrict cosines, const float *restrict sines, size_t half) {
  float *restrict low = x;
  float *restrict high = x + half;
  for (size_t i = 0; i < half; i++) {
    float a = low[i], b = high[i];
    low[i] = a * cosines[i] - b * sines[i];
    high[i] = b * cosines[i] + a * sines[i];
  }
}

LATHE_CLONES
void row_add(const float *restrict source, float *restrict target, size_t count) {
  for (size_t i = 0; i < count; i++) target[i] += source[i];
}

LATHE_CLONES
void row_multiply(const float *source, const float *weight, float *target, size_t count) {
  ELEMENTWISE for (size_t i = 0; i < count; i++) target[i] = source[i] * weight[i];
}

LATHE_CLONES
void row_multiply_add(const float *restrict source, const float *restrict weight, float *restrict target,
                      size_t count) {
  for (size_t i = 0; i < count; i++) target[i] += source[i] * weight[i];
}
