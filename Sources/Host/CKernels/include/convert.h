/* Conversions between arrays of real numbers, and a check that they are numbers at all.
 *
 * Every function takes `count` elements from `source` and writes as many to `target`; the two must not
 * overlap. Widening is exact; narrowing rounds to nearest, ties to even, and overflow becomes infinity.
 * A NaN stays a NaN. Pointers need the alignment of one byte only. */
#pragma once
#include <stddef.h>
#include <stdint.h>

void convert_bf16_to_f32(const void *source, float *target, size_t count);
void convert_f16_to_f32(const void *source, float *target, size_t count);
void convert_f64_to_f32(const void *source, float *target, size_t count);
void convert_f32_to_bf16(const float *source, uint16_t *target, size_t count);
void convert_f32_to_f16(const float *source, uint16_t *target, size_t count);
void convert_f32_to_f64(const void *source, double *target, size_t count);
void convert_bf16_to_f64(const void *source, double *target, size_t count);
void convert_f16_to_f64(const void *source, double *target, size_t count);

/* How many of `count` elements are NaN or infinite. */
size_t count_nonfinite_f32(const float *source, size_t count);
size_t count_nonfinite_f64(const double *source, size_t count);

/* The sum of squares, in f64, in an order that depends on `count` alone. */
double sum_of_squares_f32(const float *source, size_t count);
double sum_of_squares_f64(const double *source, size_t count);
