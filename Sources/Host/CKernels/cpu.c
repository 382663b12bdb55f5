#include "cpu.h"

#if defined(__x86_64__)
#include <cpuid.h>

static uint64_t enabled_state(void) {
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (uint64_t)high << 32 | low;
}

cpu_features cpu_features_detect(void) {
  cpu_features found = {0};
  uint32_t a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d)) return found;
  uint32_t sse = (c & bit_SSSE3) && (c & bit_SSE4_1);
  uint32_t fma = (c & bit_FMA) && (c & bit_AVX);
  uint64_t state = c & bit_OSXSAVE ? enabled_state() : 0;
  uint32_t saves_ymm = (state & 0x06) == 0x06;
  uint32_t saves_zmm = (state & 0xe6) == 0xe6;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return found;
  uint32_t subleaves = a;
  uint32_t five = bit_AVX512F | bit_AVX512DQ | bit_AVX512BW | bit_AVX512VL | bit_AVX512CD;
  found.sha = sse && (b & bit_SHA) ? 1 : 0;
  found.avx2 = saves_ymm && fma && (b & bit_AVX2) ? 1 : 0;
  found.avx512 = saves_zmm && found.avx2 && (b & five) == five ? 1 : 0;
  if (subleaves >= 1 && __get_cpuid_count(7, 1, &a, &b, &c, &d))
    found.avx512_bf16 = found.avx512 && (a >> 5 & 1) ? 1 : 0;
  return found;
}
#else
cpu_features cpu_features_detect(void) {
  cpu_features found = {0};
  return found;
}
#endif
