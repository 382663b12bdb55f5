/* What the processor can do and the operating system lets a program use. All zero on other architectures. */
#pragma once
#include <stdint.h>

typedef struct cpu_features {
  uint32_t avx2;        /* AVX2 and FMA */
  uint32_t avx512;      /* AVX-512 F, DQ, BW, VL and CD */
  uint32_t avx512_bf16; /* products of bfloat16 */
  uint32_t sha;         /* SHA-256 rounds */
} cpu_features;

cpu_features cpu_features_detect(void);
