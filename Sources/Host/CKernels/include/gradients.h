/* The rows of a backward pass: what rows.h computes, differentiated. The same rules hold. */
#pragma once
#include <stddef.h>

/* d loss / d source[i] where row_rms_norm made the row whose gradient is given: r w[i] g[i] - source[i] r^3 / count *
 * sum(w g source). Written to target, which may be gradient, or added to it. */
void row_rms_norm_backward(const float *source, const float *weight, float epsilon, const float *gradient,
                           int adding, float *target, size_t count);

/* gradient[i] = scale * p[i] * (gradient[i] - sum(p gradient)) for begin <= i < end, and 0 outside. */
void row_softmax_backward(const float *p, float *gradient, float scale, size_t begin, size_t end, size_t count);

/* gate[i] = gradient[i] * up[i] * f'(gate[i]) and up[i] = gradient[i] * f(gate[i]), of the values before. */
void row_silu_gate_backward(float *gate, float *up, const float *gradient, size_t count);
void row_gelu_gate_backward(float *gate, float *up, const float *gradient, size_t count);
void row_gelu_tanh_gate_backward(float *gate, float *up, const float *gradient, size_t count);
void row_relu_gate_backward(float *gate, float *up, const float *gradient, size_t count);

/* The transpose of row_rotate. */
void row_rotate_back(float *x, const float *cosines, const float *sines, size_t half);

/* logits[i] = weight * q[i] - reference_weight * p[i], with log q = logits - lse, log p = reference -
 * reference_lse. reference may be NULL, and is then not counted. */
void row_distribution_gradient(float *logits, double lse, float weight, const float *reference,
                               double reference_lse, float reference_weight, size_t count);

/* The first i at which sum(exp(logits[0...i] - lse)) reaches `share` of the sum over the row, 0 <= share < 1. */
size_t row_sample(const float *logits, double lse, double share, size_t count);
