#include "clones.h"
#include "vectors.h"
#include "matvec.h"

/* Sixteen runs of eight codes. Eight codes of b bits are b bytes, so a run starts at a byte whatever b is. */
#define BLOCK 128

LATHE_INLINE uint32_t word_at(const uint8_t *bytes) {
  uint32_t word;
  memcpy(&word, bytes, sizeof word);
  return word;
}

LATHE_INLINE float scale_at(const quantized_matrix *matrix, size_t index) {
  const uint8_t *scales = matrix->scales;
  uint16_t half;
  float value;
  switch (matrix->scale_type) {
    case QUANTIZED_SCALES_F32: memcpy(&value, scales + 4 * index, sizeof value); return value;
    case QUANTIZED_SCALES_F16: {
      _Float16 narrow;
      memcpy(&narrow, scales + 2 * index, sizeof narrow);
      return (float)narrow;
    }
    default: {
      memcpy(&half, scales + 2 * index, sizeof half);
      uint32_t pattern = (uint32_t)half << 16;
      memcpy(&value, &pattern, sizeof value);
      return value;
    }
  }
}

/* Zeros of a row's groups lie side by side, each at the row's bits of its word and, at times, the one below. */
LATHE_INLINE uint32_t zero_at(const quantized_matrix *matrix, size_t row, size_t group) {
  if (matrix->zeros == NULL) return 1u << (matrix->bits - 1);
  size_t bit = row * matrix->bits;
  const uint8_t *column = (const uint8_t *)matrix->zeros + 4 * group;
  uint64_t word = word_at(column + 4 * (bit >> 5) * matrix->groups);
  if ((bit & 31) + matrix->bits > 32)
    word |= (uint64_t)word_at(column + 4 * ((bit >> 5) + 1) * matrix->groups) << 32;
  return (uint32_t)(word >> (bit & 31)) & ((1u << matrix->bits) - 1);
}

LATHE_INLINE size_t row_bytes(const quantized_matrix *matrix) {
  return (matrix->columns * matrix->bits + 31) / 32 * 4;
}

LATHE_CLONES
void quantized_decode_row(const quantized_matrix *matrix, size_t row, float *target) {
  const uint8_t *bytes = (const uint8_t *)matrix->packed + row * row_bytes(matrix);
  uint32_t bits = matrix->bits, mask = (1u << bits) - 1;
  size_t whole = matrix->columns / 8 * 8;
  for (size_t c = 0; c < whole; c += 8, bytes += bits) {
    uint64_t run = 0;
    for (uint32_t i = 0; i < bits; i++) run |= (uint64_t)bytes[i] << (8 * i);
    for (size_t j = 0; j < 8; j++) target[c + j] = (float)(int32_t)((uint32_t)(run >> (bits * j)) & mask);
  }
  if (whole < matrix->columns) {
    uint64_t run = 0;
    size_t left = ((matrix->columns - whole) * bits + 7) / 8;
    for (size_t i = 0; i < left; i++) run |= (uint64_t)bytes[i] << (8 * i);
    for (size_t j = 0; whole + j < matrix->columns; j++)
      target[whole + j] = (float)(int32_t)((uint32_t)(run >> (bits * j)) & mask);
  }
  for (size_t group = 0; group < matrix->groups; group++) {
    float scale = scale_at(matrix, row * matrix->groups + group);
    float zero = (float)zero_at(matrix, row, group);
    size_t start = group * matrix->group_size, end = start + matrix->group_size;
    if (end > matrix->columns) end = matrix->columns;
    for (size_t c = start; c < end; c++) target[c] = scale * (target[c] - zero);
  }
}

size_t quantized_padded(size_t columns) { return (columns + BLOCK - 1) / BLOCK * BLOCK; }

void quantized_interleave(const float *x, size_t columns, float *target) {
  size_t padded = quantized_padded(columns);
  memset(target + padded - (padded < BLOCK ? padded : BLOCK), 0, (padded < BLOCK ? padded : BLOCK) * sizeof *x);
  for (size_t start = 0; start < columns; start += BLOCK) {
    size_t count = columns - start < BLOCK ? columns - start : BLOCK;
    for (size_t i = 0; i < count; i++) target[start + 16 * (i % 8) + i / 8] = x[start + i];
  }
}

LATHE_CLONES
void quantized_group_sums(const float *x, size_t columns, size_t group_size, float *sums) {
  for (size_t start = 0, group = 0; start < columns; start += group_size, group++) {
    size_t count = columns - start < group_size ? columns - start : group_size;
    f32x16 sum = {0}, value;
    size_t whole = count / 16 * 16;
    for (size_t i = 0; i < whole; i += 16) {
      load_f32(x + start + i, &value);
      sum += value;
    }
    for (size_t i = whole; i < count; i++) sum[i - whole] += x[start + i];
    sums[group] = fold(&sum);
  }
}

/* Room for the scales of a row's runs, and what a store of 16 writes beyond the last; then those of its groups. */
LATHE_INLINE size_t run_scales(const quantized_matrix *matrix) {
  return quantized_padded(matrix->columns) / 8 + 16;
}

size_t quantized_scratch(const quantized_matrix *matrix) { return run_scales(matrix) + matrix->groups + 16; }

/* Each group's scale is written 16 times over, and what it wrote too much is overwritten by the next. */
LATHE_INLINE void spread_scales(const quantized_matrix *matrix, float *runs) {
  size_t end = quantized_padded(matrix->columns) / 8;
  size_t step = matrix->groups == 1 ? end : matrix->group_size / 8;
  const float *scales = runs + run_scales(matrix);
  for (size_t group = 0; group < matrix->groups; group++) {
    f32x16 scale = scales[group] - (f32x16){0};
    size_t stop = group + 1 == matrix->groups ? end : (group + 1) * step;
    for (size_t run = group * step; run < stop; run += 16) memcpy(runs + run, &scale, sizeof scale);
  }
}

LATHE_INLINE void row_scales(const quantized_matrix *matrix, size_t row, float *target) {
  size_t groups = matrix->groups, first = row * groups, whole = groups / 16 * 16;
  const uint8_t *scales = matrix->scales;
  f32x16 value;
  switch (matrix->scale_type) {
    case QUANTIZED_SCALES_F32: memcpy(target, scales + 4 * first, 4 * groups); return;
    case QUANTIZED_SCALES_F16:
      for (size_t g = 0; g < whole; g += 16) {
        load_f16(scales + 2 * (first + g), &value);
        memcpy(target + g, &value, sizeof value);
      }
      break;
    default:
      for (size_t g = 0; g < whole; g += 16) {
        load_bf16(scales + 2 * (first + g), &value);
        memcpy(target + g, &value, sizeof value);
      }
  }
  for (size_t g = whole; g < groups; g++) target[g] = scale_at(matrix, first + g);
}

/* The codes of 16 runs: `low` holds the first ones of each run and `high`, above 4 bits, the last four. */
LATHE_INLINE void load_runs(const uint8_t *bytes, uint32_t bits, u32x16 *low, u32x16 *high) {
  if (bits == 4) {
    memcpy(low, bytes, sizeof *low);
  } else if (bits == 2) {
    u16x16 narrow;
    memcpy(&narrow, bytes, sizeof narrow);
    *low = __builtin_convertvector(narrow, u32x16);
  } else if (bits == 8) {
    u64x16 wide;
    memcpy(&wide, bytes, sizeof wide);
    *low = __builtin_convertvector(wide, u32x16);
    *high = __builtin_convertvector(wide >> 32, u32x16);
  } else {
    uint32_t lows[16], highs[16];
    for (uint32_t w = 0; w < 16; w++) {
      lows[w] = word_at(bytes + bits * w);
      if (bits > 4) highs[w] = word_at(bytes + bits * w + bits / 2) >> (bits % 2 * 4);
    }
    memcpy(low, lows, sizeof lows);
    if (bits > 4) memcpy(high, highs, sizeof highs);
  }
}

/* Bits to take off so that code j of a run lies within the 23 bits of a float's mantissa. A run of eight needs but a
 * few different ones, which are computed once. */
LATHE_INLINE uint32_t shift_of(uint32_t bits, uint32_t j) {
  uint32_t first = bits > 4 && j >= 4 ? 4 : 0, shift = 0;
  for (uint32_t i = first; i <= j; i++)
    if (bits * (i - first + 1) - shift > 23) shift = bits * (i - first);
  return shift;
}

/* sum[w] += scale[w] * sum over j of (code[8 w + j] - middle) * x[8 w + j].
 *
 * A code needs no conversion: in the mantissa of a power of two whose bits count as the code's do it makes the exact
 * float 2^e + code, from which 2^e + middle is taken off exactly. */
LATHE_INLINE void add_block(const uint8_t *bytes, uint32_t bits, const float *x, const f32x16 *scales,
                            f32x16 *sum) {
  u32x16 low, high = {0};
  load_runs(bytes, bits, &low, &high);
  f32x16 partial = {0}, value;
  _Pragma("clang loop unroll(full)") for (uint32_t j = 0; j < 8; j++) {
    uint32_t shift = shift_of(bits, j), place = bits * (bits > 4 && j >= 4 ? j - 4 : j) - shift;
    u32x16 codes = (bits > 4 && j >= 4 ? high : low) >> shift;
    codes = (codes & (((1u << bits) - 1) << place)) | (150u - place) << 23;
    float offset = (float)(1u << (23 - place)) + (float)(1u << (bits - 1));
    load_f32(x + 16 * j, &value);
    partial += ((f32x16)codes - offset) * value;
  }
  *sum += *scales * partial;
}

/* The scales of a block's runs. The sizes of groups that people use need no memory in between. */
enum { GROUPS_OF_BLOCKS, GROUPS_OF_64, GROUPS_OF_RUNS };

LATHE_INLINE void block_scales(int kind, const quantized_matrix *matrix, const float *scratch, size_t block,
                               f32x16 *value) {
  const float *scales = scratch + run_scales(matrix);
  if (kind == GROUPS_OF_RUNS) {
    load_f32(scratch + 16 * block, value);
  } else if (kind == GROUPS_OF_BLOCKS) {
    *value = scales[matrix->groups == 1 ? 0 : block / (matrix->group_size / BLOCK)] - (f32x16){0};
  } else {
    f32x16 first = scales[2 * block] - (f32x16){0}, second = scales[2 * block + 1] - (f32x16){0};
    *value = __builtin_shufflevector(first, second, 0, 1, 2, 3, 4, 5, 6, 7, 24, 25, 26, 27, 28, 29, 30, 31);
  }
}

/* Sum over groups of scale * (zero - middle) * sum of x. */
LATHE_INLINE float zero_part(const quantized_matrix *matrix, size_t row, const float *scales,
                             const float *sums) {
  float middle = (float)(1u << (matrix->bits - 1));
  float lanes[16] = {0};
  for (size_t start = 0; start < matrix->groups; start += 16) {
    size_t count = matrix->groups - start < 16 ? matrix->groups - start : 16;
    for (size_t j = 0; j < count; j++) {
      size_t group = start + j;
      lanes[j] += scales[group] * ((float)zero_at(matrix, row, group) - middle) * sums[group];
    }
  }
  f32x16 all;
  memcpy(&all, lanes, sizeof all);
  return fold(&all);
}

LATHE_INLINE void rows_of(const quantized_matrix *matrix, uint32_t bits, int kind, size_t first, size_t rows,
                          const float *x, const float *sums, float *scratch, float *y) {
  size_t stride = row_bytes(matrix), blocks = quantized_padded(matrix->columns) / BLOCK;
  /* Elsewhere a load of the last block would pass the end of the row, which may be the end of the file. */
  size_t whole = matrix->columns % BLOCK == 0 && (bits & (bits - 1)) == 0 ? blocks : blocks - 1;
  f32x16 scales;
  for (size_t r = 0; r < rows; r++) {
    const uint8_t *row = (const uint8_t *)matrix->packed + (first + r) * stride;
    row_scales(matrix, first + r, scratch + run_scales(matrix));
    if (kind == GROUPS_OF_RUNS) spread_scales(matrix, scratch);
    f32x16 sum = {0};
    for (size_t b = 0; b < whole; b++) {
      block_scales(kind, matrix, scratch, b, &scales);
      add_block(row + 16 * bits * b, bits, x + BLOCK * b, &scales, &sum);
    }
    if (whole < blocks) {
      size_t done = 16 * bits * whole;
      uint8_t last[BLOCK + 8] = {0};
      memcpy(last, row + done, stride - done);
      block_scales(kind, matrix, scratch, whole, &scales);
      add_block(last, bits, x + BLOCK * whole, &scales, &sum);
    }
    y[r] = fold(&sum);
    if (matrix->zeros != NULL) y[r] -= zero_part(matrix, first + r, scratch + run_scales(matrix), sums);
  }
}

LATHE_INLINE void rows_by_kind(const quantized_matrix *matrix, uint32_t bits, size_t first, size_t rows,
                               const float *x, const float *sums, float *scratch, float *y) {
  if (matrix->groups == 1 || matrix->group_size % BLOCK == 0)
    rows_of(matrix, bits, GROUPS_OF_BLOCKS, first, rows, x, sums, scratch, y);
  else if (matrix->group_size == 64)
    rows_of(matrix, bits, GROUPS_OF_64, first, rows, x, sums, scratch, y);
  else
    rows_of(matrix, bits, GROUPS_OF_RUNS, first, rows, x, sums, scratch, y);
}

LATHE_CLONES LATHE_WIDE
void quantized_matvec(const quantized_matrix *matrix, size_t first, size_t rows, const float *interleaved,
                      const float *sums, float *scratch, float *y) {
  switch (matrix->bits) {
#define CASE(bits)                                                                                  \
  case bits: rows_by_kind(matrix, bits, first, rows, interleaved, sums, scratch, y); break;
    CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) CASE(7) CASE(8)
  }
}
