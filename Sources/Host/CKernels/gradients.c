#include "gradients.h"

#include <math.h>

#include "clones.h"
#include "lanes.h"

LATHE_CLONES
void row_rms_norm_backward(const float *source, const float *weight, float epsilon, const float *gradient,
                           int adding, float *target, size_t count) {
  float squares[LANES] = {0}, products[LANES] = {0};
  size_t whole = count / LANES * LANES;
  for (size_t i = 0; i < whole; i += LANES)
    for (size_t j = 0; j < LANES; j++) {
      squares[j] += source[i + j] * source[i + j];
      products[j] += weight[i + j] * gradient[i + j] * source[i + j];
    }
  for (size_t i = whole; i < count; i++) {
    squares[i - whole] += source[i] * source[i];
    products[i - whole] += weight[i] * gradient[i] * source[i];
  }
  FOLD(squares)
  FOLD(products)
  float inverse = 1.0f / sqrtf(squares[0] / (float)count + epsilon);
  float slope = products[0] / (float)count * inverse * inverse;
  if (adding) {
    ELEMENTWISE for (size_t i = 0; i < count; i++)
      target[i] += inverse * (weight[i] * gradient[i] - source[i] * slope);
  } else {
    ELEMENTWISE for (size_t i = 0; i < count; i++)
      target[i] = inverse * (weight[i] * gradient[i] - source[i] * slope);
  }
}

LATHE_CLONES
void row_softmax_backward(const float *p, float *gradient, float scale, size_t begin, size_t end,
                          size_t count) {
  float lanes[LANES] = {0};
  size_t length = end - begin, whole = length / LANES * LANES;
  const float *chances = p + begin;
  float *row = gradient + begin;
  for (size_t i = 0; i < whole; i += LANES)
    for (size_t j = 0; j < LANES; j++) lanes[j] += chances[i + j] * row[i + j];
  for (size_t i = whole; i < length; i++) lanes[i - whole] += chances[i] * row[i];
  FOLD(lanes)
  float mean = lanes[0];
  ELEMENTWISE for (size_t i = 0; i < length; i++) row[i] = scale * chances[i] * (row[i] - mean);
  memset(gradient, 0, begin * sizeof *gradient);
  memset(gradient + end, 0, (count - end) * sizeof *gradient);
}

/* Of f(x) = x s(x): f' = s + x s'. */
#define GATE_BACKWARD(share, slope)                                                                 \
  {                                                                                                 \
    float old = up[i], g = gradient[i];                                                             \
    up[i] = g * (x * (share));                                                                      \
    gate[i] = g * old * ((share) + x * (slope));                                                    \
  }

LATHE_CLONES
void row_silu_gate_backward(float *gate, float *up, const float *gradient, size_t count) {
  ELEMENTWISE for (size_t i = 0; i < count; i++) {
    float x = gate[i];
    float s = 1.0f / (1.0f + exponential(-x));
    GATE_BACKWARD(s, s * (1.0f - s))
  }
}

LATHE_CLONES
void row_gelu_gate_backward(float *gate, float *up, const float *gradient, size_t count) {
  ELEMENTWISE for (size_t i = 0; i < count; i++) {
    float x = gate[i];
    float tail = normal_tail(fabsf(x));
    float s = x < 0.0f ? tail : 1.0f - tail;
    GATE_BACKWARD(s, 0.398942280401432678f * exponential(-0.5f * x * x))
  }
}

LATHE_CLONES
void row_gelu_tanh_gate_backward(float *gate, float *up, const float *gradient, size_t count) {
  ELEMENTWISE for (size_t i = 0; i < count; i++) {
    float x = gate[i];
    float twice = 1.59576912160573071f * (x + 0.044715f * x * x * x);
    float s = 1.0f / (1.0f + exponential(-twice));
    GATE_BACKWARD(s, s * (1.0f - s) * 1.59576912160573071f * (1.0f + 0.134145f * x * x))
  }
}

LATHE_CLONES
void row_relu_gate_backward(float *gate, float *up, const float *gradient, size_t count) {
  ELEMENTWISE for (size_t i = 0; i < count; i++) {
    float x = gate[i];
    float s = x < 0.0f ? 0.0f : 1.0f;
    GATE_BACKWARD(s, 0.0f)
  }
}

LATHE_CLONES
void row_rotate_back(float *x, const float *restrict cosines, const float *restrict sines, size_t half) {
  float *restrict low = x;
  float *restrict high = x + half;
  for (size_t i = 0; i < half; i++) {
    float a = low[i], b = high[i];
    low[i] = a * cosines[i] + b * sines[i];
    high[i] = b * cosines[i] - a * sines[i];
  }
}

LATHE_CLONES
void row_distribution_gradient(float *logits, double lse, float weight, const float *reference,
                               double reference_lse, float reference_weight, size_t count) {
  /* What rounding a log-sum-exp to f32 leaves out goes into the weight. */
  float q = (float)lse, p = (float)reference_lse;
  float q_weight = weight * (float)exp((double)q - lse);
  float p_weight = reference_weight * (float)exp((double)p - reference_lse);
  if (reference == NULL) {
    ELEMENTWISE for (size_t i = 0; i < count; i++) logits[i] = q_weight * exponential(logits[i] - q);
    return;
  }
  ELEMENTWISE for (size_t i = 0; i < count; i++)
    logits[i] = q_weight * exponential(logits[i] - q) - p_weight * exponential(reference[i] - p);
}

#define RUN 256

LATHE_CLONES
size_t row_sample(const float *logits, double lse, double share, size_t count) {
  float chances[RUN], top = (float)lse;
  double whole = exp(lse - (double)top), sum = 0;
  for (size_t start = 0; start < count; start += RUN) {
    size_t length = count - start > RUN ? RUN : count - start;
    for (size_t i = 0; i < length; i++) chances[i] = exponential(logits[start + i] - top);
    for (size_t i = 0; i < length; i++) {
      sum += (double)chances[i];
      if (sum > share * whole) return start + i;
    }
  }
  return count - 1;
}
