/* What the row kernels are built of: sums in fixed lanes, the exponential, the tail of the normal
 * distribution. */
#pragma once

#include <math.h>
#include <string.h>

#define LANES 16
/* For loops that work in place: element i depends on element i alone, so a pointer given twice does no harm,
 * where the compiler's own check would choose the scalar loop. */
#define ELEMENTWISE _Pragma("clang loop vectorize(assume_safety)")
#define FOLD(lanes)                                                                                 \
  for (size_t width = LANES / 2; width > 0; width /= 2)                                             \
    for (size_t j = 0; j < width; j++) (lanes)[j] += (lanes)[j + width];

static inline __attribute__((always_inline)) float power_of_two(int exponent) {
  unsigned pattern = (unsigned)(exponent + 127) << 23;
  float value;
  memcpy(&value, &pattern, sizeof value);
  return value;
}

/* exp(x) = 2^n * exp(r) with n the integer nearest to x / log 2 and |r| <= log(2) / 2. log 2 is split so that
 * n times its high part is exact. exp(r) is 1 + r + r^2 p(r), p of degree 4 fitted to the least relative
 * error (3e-9). 2^n is applied in two halves: 2^128 is no float, and a subnormal result must round once. */
static inline __attribute__((always_inline)) float exponential(float x) {
  const float round = 0x1.8p23f;
  x = x < -104.0f ? -104.0f : x;
  x = x > 89.0f ? 89.0f : x;
  float shifted = x * 0x1.715476p0f + round;
  float n = shifted - round;
  float r = x - n * 0.693359375f;
  r = r - n * -2.12194440e-4f;
  float p = 0x1.6a23d0p-10f;
  p = p * r + 0x1.123a20p-7f;
  p = p * r + 0x1.5558f2p-5f;
  p = p * r + 0x1.555492p-3f;
  p = p * r + 0x1.fffffcp-2f;
  float value = r * r * p + r + 1.0f;
  unsigned bits;
  memcpy(&bits, &shifted, sizeof bits);
  int exponent = (int)(bits & 0x7fffffu) - 0x400000;
  int half = exponent >> 1;
  return value * power_of_two(half) * power_of_two(exponent - half);
}

/* The normal distribution below -z for z >= 0: exp(-z^2 / 2) times a function that falls from 1/2 like 1 / z,
 * fitted to the least relative error (3e-8) by a polynomial in t = 1 / (1 + 0.35 z) for z up to 15, where the
 * exponential is zero in f32. */
static inline __attribute__((always_inline)) float normal_tail(float z) {
  float t = 1.0f / (1.0f + 0.35f * z);
  float p = -0x1.d23c04p-6f;
  p = p * t + 0x1.1f8d2ap-3f;
  p = p * t - 0x1.fb740ap-3f;
  p = p * t + 0x1.31a41ap-3f;
  p = p * t - 0x1.f94a8cp-7f;
  p = p * t + 0x1.a0972ap-4f;
  p = p * t + 0x1.efbc1cp-4f;
  p = p * t + 0x1.1df72cp-3f;
  p = p * t + 0x1.1dfeb2p-3f;
  p = p * t - 0x1.27ed7ap-20f;
  return p * exponential(-0.5f * z * z);
}
