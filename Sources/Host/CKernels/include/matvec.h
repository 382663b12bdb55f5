/* Products of stored matrices with one vector of f32, row by row, for text that is generated token by token.
 *
 * Each y[r] is a sum in fixed lanes that are folded in a fixed order, products never fused into sums, so it depends
 * on the numbers alone: not on the rows beside it, threads or the instruction set. Matrices need the alignment of one
 * byte only: they may lie anywhere in a file. */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* y[r] = sum over c of matrix[r, c] * x[c]; 64 lanes. */
void matvec_f32(const void *matrix, const float *x, float *y, size_t rows, size_t columns);
void matvec_f16(const void *matrix, const float *x, float *y, size_t rows, size_t columns);
void matvec_bf16(const void *matrix, const float *x, float *y, size_t rows, size_t columns);

enum { QUANTIZED_SCALES_F32 = 0, QUANTIZED_SCALES_F16 = 1, QUANTIZED_SCALES_BF16 = 2 };

/* Codes in groups along the columns: w[r, c] = scale[r, g] * (code[r, c] - zero[r, g]), g = c / group_size.
 *
 * packed: a row is a stream of `bits`-wide codes, lowest bits first, padded to 32-bit words. scales: [rows, groups].
 * zeros: rows packed the same way down each column, [words, groups]; null means 2^(bits - 1) everywhere. */
typedef struct quantized_matrix {
  const void *packed;
  const void *scales;
  const void *zeros;
  size_t columns;
  size_t groups;
  size_t group_size; /* 1 or more */
  uint32_t bits;     /* 2 to 8 */
  uint32_t scale_type;
} quantized_matrix;

/* The matrix's row as f32: scale * (code - zero), rounded once. */
void quantized_decode_row(const quantized_matrix *matrix, size_t row, float *target);

/* x as quantized_matvec reads it: blocks of 128 with element 8 w + j at 16 j + w, zeros at the end. `target` has room
 * for quantized_padded(columns). */
size_t quantized_padded(size_t columns);
void quantized_interleave(const float *x, size_t columns, float *target);

/* sums[g] = sum of x over the columns of group g. */
void quantized_group_sums(const float *x, size_t columns, size_t group_size, float *sums);

/* y[r] = sum over c of w[first + r, c] * x[c], without decoding a row: 16 lanes of eight codes, scaled by group, and
 * the zeros' part taken off by the sums of x. group_size is a multiple of 8, or there is one group. `sums` may be null
 * when there are no zeros. `scratch` has room for quantized_scratch(matrix) elements. */
size_t quantized_scratch(const quantized_matrix *matrix);
void quantized_matvec(const quantized_matrix *matrix, size_t first, size_t rows, const float *interleaved,
                      const float *sums, float *scratch, float *y);

/* One query head over `count` positions: out = sum of p[s] * values[s], p = softmax(scale * keys q). Keys and values
 * are rows of `dimension` elements, `stride` elements apart; `scores` has room for `count`. count > 0. */
void attend_row(const float *query, const float *keys, const float *values, size_t stride, size_t dimension,
                size_t count, float scale, float *scores, float *out);
