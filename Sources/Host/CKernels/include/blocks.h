/* Fits of small blocks of values by integer codes with a common scale.
 *
 * `count` is a multiple of 16, at most 256; values are finite, weights at least 0. Sums run in 16 lanes that are
 * folded in a fixed order, so every instruction set gives the same bits.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* The scale d that makes sum weight * (source - d * q)^2 least among those tried, q = round(source / d) in
 * low ... high; 0 where all values are. The value that is largest in magnitude is tried at the codes around
 * both ends of the range, and at every whole code when `whole_codes` is not 0. */
float block_fit_symmetric(const float *source, const float *weight, size_t count, int low, int high,
                          int whole_codes);

/* scale >= 0 and minimum >= 0 that make sum weight * (source - (scale * q - minimum))^2 least among those tried,
 * q in 0 ... high. */
void block_fit_affine(const float *source, const float *weight, size_t count, int high, float *scale,
                      float *minimum);

/* sum weight * (source - (scale * q - minimum))^2 with q the nearest code in low ... high. */
float block_error(const float *source, const float *weight, size_t count, float scale, float minimum, int low,
                  int high);

/* codes[i] = the code in low ... high that brings scale * code - minimum nearest to source[i]; 0 put into the
 * range where scale is 0. Ties go to the even code. */
void block_codes(const float *source, size_t count, float scale, float minimum, int low, int high,
                 int8_t *codes);
