/* One source, one object per instruction set: the loader picks the best for the processor.
 *
 * v3 is AVX2, FMA and F16C; v4 is AVX-512 F, BW, CD, DQ and VL. Compiled away where that does not exist. */
#pragma once

#if defined(__x86_64__) && defined(__clang__) && !defined(__SANITIZE_THREAD__)
#if __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define LATHE_CLONES
#else
#define LATHE_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#endif
#else
#define LATHE_CLONES
#endif
