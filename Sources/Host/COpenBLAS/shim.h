/* OpenBLAS: CBLAS from its own header, and the Fortran LAPACK routines in use, for which the library brings no
 * header. Arguments are passed by address; every string argument has its length appended, as gfortran does. */
#pragma once
#include <cblas.h>
#include <stddef.h>

#define LATHE_LAPACK(T, p)                                                                           \
  void p##potrf_(const char *uplo, const int *n, T *a, const int *lda, int *info, size_t);           \
  void p##syevd_(const char *jobz, const char *uplo, const int *n, T *a, const int *lda, T *w,       \
                 T *work, const int *lwork, int *iwork, const int *liwork, int *info, size_t,        \
                 size_t);                                                                            \
  void p##gesdd_(const char *jobz, const int *m, const int *n, T *a, const int *lda, T *s, T *u,     \
                 const int *ldu, T *vt, const int *ldvt, T *work, const int *lwork, int *iwork,      \
                 int *info, size_t);                                                                 \
  void p##gesvd_(const char *jobu, const char *jobvt, const int *m, const int *n, T *a,              \
                 const int *lda, T *s, T *u, const int *ldu, T *vt, const int *ldvt, T *work,        \
                 const int *lwork, int *info, size_t, size_t);                                       \
  void p##gelqf_(const int *m, const int *n, T *a, const int *lda, T *tau, T *work,                  \
                 const int *lwork, int *info);                                                       \
  void p##orglq_(const int *m, const int *n, const int *k, T *a, const int *lda, const T *tau,       \
                 T *work, const int *lwork, int *info);

LATHE_LAPACK(float, s)
LATHE_LAPACK(double, d)
