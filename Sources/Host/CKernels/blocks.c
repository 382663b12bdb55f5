#include "blocks.h"

#include <math.h>

#include "clones.h"

#define LANES 16
#define INLINE static inline __attribute__((always_inline))
/* Adding and taking away 1.5 * 2^23 rounds to the nearest integer, ties to even, below 2^22. */
#define ROUND 0x1.8p23f

INLINE float fold(float *lanes) {
  for (size_t width = LANES / 2; width > 0; width /= 2)
    for (size_t j = 0; j < width; j++) lanes[j] += lanes[j + width];
  return lanes[0];
}

/* The borders are integers, so that the value may be put into the range before it is rounded. */
INLINE float code(float value, float low, float high) {
  value = value < low ? low : value;
  value = value > high ? high : value;
  return (value + ROUND) - ROUND;
}

INLINE float inverse_of(float scale) { return scale == 0.0f ? 0.0f : 1.0f / scale; }

/* With the codes of `inverse` given: sum w x q into *cross, sum w q q into *square. */
INLINE void symmetric_sums(const float *x, const float *w, size_t count, float inverse, float low, float high,
                           float *cross, float *square) {
  float xq[LANES] = {0}, qq[LANES] = {0};
  for (size_t i = 0; i < count; i += LANES)
    for (size_t j = 0; j < LANES; j++) {
      float q = code(x[i + j] * inverse, low, high);
      float wq = w[i + j] * q;
      xq[j] += wq * x[i + j];
      qq[j] += wq * q;
    }
  *cross = fold(xq);
  *square = fold(qq);
}

LATHE_CLONES
float block_fit_symmetric(const float *source, const float *weight, size_t count, int low, int high,
                          int whole_codes) {
  float extreme = 0.0f;
  for (size_t i = 0; i < count; i++)
    if (fabsf(source[i]) > fabsf(extreme)) extreme = source[i];
  if (extreme == 0.0f) return 0.0f;
  /* Least squares for given codes is d = cross / square and leaves sum w x x - cross^2 / square. */
  float best = 0.0f, scale = extreme / (float)low;
  const int steps = 9, ends[2] = {low, high};
  int trials = 2 * (2 * steps + 1) + (whole_codes ? high - low + 1 : 0);
  for (int trial = 0; trial < trials; trial++) {
    float target;
    if (trial < 2 * (2 * steps + 1))
      target = (float)ends[trial % 2] + 0.1f * (float)(trial / 2 - steps);
    else
      target = (float)(low + trial - 2 * (2 * steps + 1));
    if (target == 0.0f) continue;
    float inverse = target / extreme, cross, square;
    /* A subnormal extreme has no finite inverse. */
    if (!isfinite(inverse)) continue;
    symmetric_sums(source, weight, count, inverse, (float)low, (float)high, &cross, &square);
    if (square > 0.0f && cross * (cross / square) > best) {
      best = cross * (cross / square);
      scale = cross / square;
    }
  }
  return scale;
}

/* With the codes of (inverse, minimum) given: sum w q, sum w q q, sum w x q. */
INLINE void affine_sums(const float *x, const float *w, size_t count, float inverse, float minimum, float high,
                        float sums[3]) {
  float wq[LANES] = {0}, qq[LANES] = {0}, xq[LANES] = {0};
  for (size_t i = 0; i < count; i += LANES)
    for (size_t j = 0; j < LANES; j++) {
      float q = code((x[i + j] + minimum) * inverse, 0.0f, high);
      float t = w[i + j] * q;
      wq[j] += t;
      qq[j] += t * q;
      xq[j] += t * x[i + j];
    }
  sums[0] = fold(wq);
  sums[1] = fold(qq);
  sums[2] = fold(xq);
}

INLINE float squared_error(const float *x, const float *w, size_t count, float scale, float minimum, float low,
                           float high) {
  float lanes[LANES] = {0}, inverse = inverse_of(scale);
  for (size_t i = 0; i < count; i += LANES)
    for (size_t j = 0; j < LANES; j++) {
      float q = code((x[i + j] + minimum) * inverse, low, high);
      float gap = scale * q - minimum - x[i + j];
      lanes[j] += w[i + j] * gap * gap;
    }
  return fold(lanes);
}

/* Least squares of (scale, minimum) for the codes of `inverse` and `from`; a minimum below 0 becomes 0. */
INLINE int solve_affine(const float sums[3], float sum_w, float sum_x, float *scale, float *minimum) {
  float determinant = sum_w * sums[1] - sums[0] * sums[0];
  if (!(determinant > 0.0f)) return 0;
  float s = (sum_w * sums[2] - sum_x * sums[0]) / determinant;
  float m = (sums[0] * sums[2] - sums[1] * sum_x) / determinant;
  if (m < 0.0f) {
    m = 0.0f;
    s = sums[2] / sums[1];
  }
  if (!(s > 0.0f) || !isfinite(s) || !isfinite(m)) return 0;
  *scale = s;
  *minimum = m;
  return 1;
}

LATHE_CLONES
void block_fit_affine(const float *source, const float *weight, size_t count, int high, float *scale,
                      float *minimum) {
  float low = 0.0f, top = source[0], lane_w[LANES] = {0}, lane_x[LANES] = {0};
  for (size_t i = 0; i < count; i++) {
    low = source[i] < low ? source[i] : low;
    top = source[i] > top ? source[i] : top;
  }
  for (size_t i = 0; i < count; i += LANES)
    for (size_t j = 0; j < LANES; j++) {
      lane_w[j] += weight[i + j];
      lane_x[j] += weight[i + j] * source[i + j];
    }
  float sum_w = fold(lane_w), sum_x = fold(lane_x), limit = (float)high, best = INFINITY;
  *minimum = -low;
  *scale = top > low ? (top - low) / limit : 0.0f;
  if (*scale == 0.0f) return;
  best = squared_error(source, weight, count, *scale, *minimum, 0.0f, limit);
  for (int trial = -10; trial <= 20; trial++) {
    float inverse = (limit + 0.1f * (float)trial) / (top - low), m = -low, s = 0.0f, sums[3];
    if (!isfinite(inverse)) break;
    /* The codes of the solution may fit better than those it was solved for: two rounds. */
    for (int round = 0; round < 2; round++) {
      affine_sums(source, weight, count, inverse, m, limit, sums);
      if (!solve_affine(sums, sum_w, sum_x, &s, &m)) break;
      float error = squared_error(source, weight, count, s, m, 0.0f, limit);
      if (error < best) {
        best = error;
        *scale = s;
        *minimum = m;
      }
      inverse = 1.0f / s;
    }
  }
}

LATHE_CLONES
float block_error(const float *source, const float *weight, size_t count, float scale, float minimum, int low,
                  int high) {
  return squared_error(source, weight, count, scale, minimum, (float)low, (float)high);
}

LATHE_CLONES
void block_codes(const float *source, size_t count, float scale, float minimum, int low, int high,
                 int8_t *codes) {
  float inverse = inverse_of(scale);
  for (size_t i = 0; i < count; i++)
    codes[i] = (int8_t)code((source[i] + minimum) * inverse, (float)low, (float)high);
}
