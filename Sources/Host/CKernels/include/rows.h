/* Inner loops of a decoder over rows of f32: norms, softmax, gates, rotations, log-sum-exp.
 *
 * Sums run in 16 fixed lanes that are folded in a fixed order, and products are never fused into sums, so a
 * result depends on the numbers alone: not on alignment, threads or the instruction set. NaN goes through.
 * Pointers may alias only where a parameter says so. */
#pragma once
#include <stddef.h>

/* target[i] = exp(source[i]), in place where the two are equal. Error below 2 units in the last place over the
 * whole range, subnormal results included; overflow gives infinity, underflow zero. */
void row_exp(const float *source, float *target, size_t count);

/* target[i] = weight[i] * (source[i] * r), r = 1 / sqrt(mean(source^2) + epsilon); returns r. target may be
 * source. */
float row_rms_norm(const float *source, const float *weight, float epsilon, float *target, size_t count);

/* scores[i] = exp(scale * scores[i]) / sum over begin <= i < end, and 0 outside; begin < end <= count. */
void row_softmax(float *scores, float scale, size_t begin, size_t end, size_t count);

/* log(sum(exp(source[i]))); the sum of every 1024 terms is in f32, theirs in f64. count > 0. */
double row_log_sum_exp(const float *source, size_t count);

/* Index of the largest element, the first of equals. */
size_t row_argmax(const float *source, size_t count);

/* sum p[i] * (log p[i] - log q[i]) with log p = reference - reference_lse and log q = other - other_lse. */
double row_divergence(const float *reference, double reference_lse, const float *other, double other_lse,
                      size_t count);

/* target[i] = f(gate[i]) * up[i]; target may be gate or up. */
void row_silu_gate(const float *gate, const float *up, float *target, size_t count);
void row_gelu_gate(const float *gate, const float *up, float *target, size_t count);
void row_gelu_tanh_gate(const float *gate, const float *up, float *target, size_t count);
void row_relu_gate(const float *gate, const float *up, float *target, size_t count);

/* Rotates the pairs (x[i], x[i + half]) by the angles whose cosines and sines are given, i < half. */
void row_rotate(float *x, const float *cosines, const float *sines, size_t half);

/* target[i] += source[i]. */
void row_add(const float *source, float *target, size_t count);

/* target[i] = source[i] * weight[i]; target may be source. */
void row_multiply(const float *source, const float *weight, float *target, size_t count);

/* target[i] += source[i] * weight[i]. */
void row_multiply_add(const float *source, const float *weight, float *target, size_t count);
