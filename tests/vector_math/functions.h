/* The functions under test over N lanes of f32, f64, i32, i64, and what the tests know of each. */
#ifndef DAGC_TESTS_VECTOR_MATH_FUNCTIONS_H
#define DAGC_TESTS_VECTOR_MATH_FUNCTIONS_H
#include <stdint.h>
#include <string.h>

#ifndef N
#define N 1
#endif
#if N == 1
typedef float f32n;
typedef double f64n;
typedef int32_t i32n;
typedef int64_t i64n;
#else
typedef float f32n __attribute__((vector_size(4 * N)));
typedef double f64n __attribute__((vector_size(8 * N)));
typedef int32_t i32n __attribute__((vector_size(4 * N)));
typedef int64_t i64n __attribute__((vector_size(8 * N)));
#endif

#define BITS    64
#define LANES   N
#define V       f64n
#define VI      i64n
#define W       f64n
#define WI      i64n
#define NAME(f) f##_f64
#define WIDE(f) f##_f64
#include "lane_type.h"

#define BITS    32
#define LANES   N
#define V       f32n
#define VI      i32n
#define W       f64n
#define WI      i64n
#define NAME(f) f##_f32
#define WIDE(f) f##_f64
#include "lane_type.h"

#define BITS    32
#define LANES   N
#define V       i32n
#define VI      i32n
#define NAME(f) f##_i32
#include "emit/vector_math/integer.h"
#include "emit/vector_math/undef.h"

#define BITS    64
#define LANES   N
#define V       i64n
#define VI      i64n
#define NAME(f) f##_i64
#include "emit/vector_math/integer.h"
#include "emit/vector_math/undef.h"

/* name, low, high: where random samples are drawn evenly, besides those over all bit patterns */
#define UNARY(X)                                                                                   \
  X(exp, -110, 95)                                                                                 \
  X(expm1, -20, 20)                                                                                \
  X(log, 0.5, 2)                                                                                   \
  X(log1p, -0.9, 3)                                                                                \
  X(sqrt, 0, 10)                                                                                   \
  X(rsqrt, 0, 10)                                                                                  \
  X(sin, -20, 20)                                                                                  \
  X(cos, -20, 20)                                                                                  \
  X(tan, -20, 20)                                                                                  \
  X(asin, -1, 1)                                                                                   \
  X(acos, -1, 1)                                                                                   \
  X(atan, -5, 5)                                                                                   \
  X(sinh, -5, 5)                                                                                   \
  X(cosh, -5, 5)                                                                                   \
  X(tanh, -5, 5)                                                                                   \
  X(sigmoid, -110, 110)                                                                            \
  X(softplus, -110, 110)                                                                           \
  X(erf, -7, 7)                                                                                    \
  X(floor, -5, 5)                                                                                  \
  X(ceil, -5, 5)                                                                                   \
  X(round, -5, 5)                                                                                  \
  X(abs, -1, 1)                                                                                    \
  X(sign, -1, 1)
#define BINARY(X)                                                                                  \
  X(atan2, -3, 3)                                                                                  \
  X(pow, 0, 10)                                                                                    \
  X(min, -2, 2)                                                                                    \
  X(max, -2, 2)                                                                                    \
  X(floormod, -9, 9)
#define INTEGER(X) X(floordiv) X(floormod) X(ipow) X(min) X(max)
#endif
