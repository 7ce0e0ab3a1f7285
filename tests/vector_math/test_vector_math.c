/* Elementary functions of generated C against libm in the next wider type.
   Without arguments: samples and special values. `exhaustive f`: f over all 2^32 floats, worst
   error (exhaustive.h). `time`: nanoseconds and cycles an element. `survey`: worst error of every
   function on many samples. scripts/vector-math runs them for several machines. */
#define _GNU_SOURCE
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "functions.h"

typedef long double real;
typedef void (*F32)(const float *, const float *, float *);
typedef void (*F64)(const double *, const double *, double *);
typedef real (*Exact)(real, real);
typedef struct {
  const char *name;
  F32 f32;
  F64 f64;
  Exact exact; /* in long double, for f64 */
  double (*exact32)(double, double);
  double low, high;
  int operands;
} Function;

#define LOAD(type, x)                                                                              \
  type x##_lanes;                                                                                  \
  memcpy(&x##_lanes, x, sizeof x##_lanes)
#define WRAP1(f, ...)                                                                              \
  static void f##_32(const float *a, const float *b, float *y) {                                   \
    (void)b;                                                                                       \
    LOAD(f32n, a);                                                                                 \
    f32n r = f##_f32(a_lanes);                                                                     \
    memcpy(y, &r, sizeof r);                                                                       \
  }                                                                                                \
  static void f##_64(const double *a, const double *b, double *y) {                                \
    (void)b;                                                                                       \
    LOAD(f64n, a);                                                                                 \
    f64n r = f##_f64(a_lanes);                                                                     \
    memcpy(y, &r, sizeof r);                                                                       \
  }
#define WRAP2(f, ...)                                                                              \
  static void f##_32(const float *a, const float *b, float *y) {                                   \
    LOAD(f32n, a);                                                                                 \
    LOAD(f32n, b);                                                                                 \
    f32n r = f##_f32(a_lanes, b_lanes);                                                            \
    memcpy(y, &r, sizeof r);                                                                       \
  }                                                                                                \
  static void f##_64(const double *a, const double *b, double *y) {                                \
    LOAD(f64n, a);                                                                                 \
    LOAD(f64n, b);                                                                                 \
    f64n r = f##_f64(a_lanes, b_lanes);                                                            \
    memcpy(y, &r, sizeof r);                                                                       \
  }
UNARY(WRAP1)
BINARY(WRAP2)

#define LIBM1(f, c)                                                                                \
  static real exact_##f(real a, real b) {                                                          \
    (void)b;                                                                                       \
    return c##l(a);                                                                                \
  }                                                                                                \
  static double exact32_##f(double a, double b) {                                                  \
    (void)b;                                                                                       \
    return c(a);                                                                                   \
  }
LIBM1(exp, exp)
LIBM1(expm1, expm1)
LIBM1(log, log)
LIBM1(log1p, log1p)
LIBM1(sqrt, sqrt) LIBM1(sin, sin) LIBM1(cos, cos) LIBM1(tan, tan) LIBM1(asin, asin)
    LIBM1(acos, acos) LIBM1(atan, atan) LIBM1(sinh, sinh) LIBM1(cosh, cosh) LIBM1(tanh, tanh)
        LIBM1(erf, erf) LIBM1(floor, floor) LIBM1(ceil, ceil) LIBM1(round, rint) LIBM1(abs, fabs)
#define BOTH(f, value)                                                                             \
  static real exact_##f(real a, real b) {                                                          \
    (void)b;                                                                                       \
    return value;                                                                                  \
  }                                                                                                \
  static double exact32_##f(double a, double b) { return (double)exact_##f(a, b); }
#define EACH(f, value, value32)                                                                    \
  static real exact_##f(real a, real b) {                                                          \
    (void)b;                                                                                       \
    return value;                                                                                  \
  }                                                                                                \
  static double exact32_##f(double a, double b) {                                                  \
    (void)b;                                                                                       \
    return value32;                                                                                \
  }
            EACH(rsqrt, 1 / sqrtl(a), 1 / sqrt(a))
                EACH(sigmoid, a < 0 ? expl(a) / (1 + expl(a)) : 1 / (1 + expl(-a)),
                     a < 0 ? exp(a) / (1 + exp(a)) : 1 / (1 + exp(-a)))
                    EACH(softplus, (a > 0 ? a : 0) + log1pl(expl(-fabsl(a))),
                         (a > 0 ? a : 0) + log1p(exp(-fabs(a))))
                        BOTH(sign, isnan(a) ? a : (real)((a > 0) - (a < 0)))
                            BOTH(atan2, atan2l(a, b)) BOTH(pow, powl(a, b))
                                BOTH(min, isnan(a) || isnan(b) ? NAN
                                          : b < a              ? b
                                                  : a) BOTH(max, isnan(a) || isnan(b) ? NAN
                                                                 : b > a              ? b
                                                                         : a) static real
    exact_floormod(real a, real b) {
  real rest = fmodl(a, b);
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}
static double exact32_floormod(double a, double b) { return (double)exact_floormod(a, b); }

#define ROW1(f, l, h) {#f, f##_32, f##_64, exact_##f, exact32_##f, l, h, 1},
#define ROW2(f, l, h) {#f, f##_32, f##_64, exact_##f, exact32_##f, l, h, 2},
static const Function functions[] = {UNARY(ROW1) BINARY(ROW2)};
enum { COUNT = sizeof functions / sizeof functions[0] };

/* |got - want| in units of the last place of the type; infinite if one is NaN, or infinite, alone
 */
static double error(double got, real want, int digits, int least) {
  if (isnan(got) || isnan(want)) return isnan(got) && isnan(want) ? 0 : INFINITY;
  real rounded = digits == 24 ? (real)(float)want : (real)(double)want;
  if ((real)got == rounded && (isinf(rounded) || rounded == 0)) return 0;
  if (isinf(want)) return INFINITY;
  real finite = isinf(got) ? copysignl(ldexpl(1, digits == 24 ? 128 : 1024), got) : (real)got;
  int exponent;
  frexpl(want, &exponent);
  if (exponent < least) exponent = least;
  if (isinf(got) != isinf(rounded) && fabsl(want) < ldexpl(1, exponent - 1)) return INFINITY;
  return (double)(fabsl(finite - want) / ldexpl(1, exponent - digits));
}
static double error32(float got, double want) { return error(got, want, 24, -125); }
static double error64(double got, real want) { return error(got, want, 53, -1021); }

static uint64_t state = 88172645463325252u;
static uint64_t random_bits(void) {
  state ^= state << 13;
  state ^= state >> 7;
  return state ^= state << 17;
}
static double evenly(double low, double high) {
  return low + (high - low) * (double)(random_bits() >> 11) * 0x1p-53;
}
static float any_float(void) {
  uint32_t pattern = (uint32_t)(random_bits() >> 32);
  float x;
  memcpy(&x, &pattern, sizeof x);
  return x;
}
static double any_double(void) {
  uint64_t pattern = random_bits();
  double x;
  memcpy(&x, &pattern, sizeof x);
  return x;
}

static const double special[] = {0.0,
                                 -0.0,
                                 1,
                                 -1,
                                 0.5,
                                 -0.5,
                                 2,
                                 -2,
                                 3,
                                 2.5,
                                 -2.5,
                                 1.5,
                                 0.625,
                                 INFINITY,
                                 -INFINITY,
                                 NAN,
                                 0x1p-149,
                                 -0x1p-149,
                                 0x1p-126,
                                 0x1p-1074,
                                 0x1p-1022,
                                 -0x1p-1040,
                                 88.72283,
                                 88.72284,
                                 -87.33655,
                                 -103.9720,
                                 -103.9721,
                                 -104.1,
                                 709.78271289338397,
                                 709.78271289338410,
                                 710.4758,
                                 710.47586,
                                 -745.1332,
                                 -745.13322,
                                 -708.4,
                                 0x1p23,
                                 8388609.5,
                                 0x1.fffffep127,
                                 -0x1.fffffep127,
                                 0x1p52,
                                 0x1.fffffffffffffp1023,
                                 -0x1.fffffffffffffp1023,
                                 1e22,
                                 -1e30,
                                 1.6e6,
                                 0x1.921fb54442d18p0,
                                 0x1.921fb6p0,
                                 0x1.6ac5b262ca1ffp849,
                                 0x1.80a3p20,
                                 -4.00001,
                                 4.5,
                                 0.99999994,
                                 1.0000001,
                                 1e-5,
                                 1e-9};
enum { SPECIAL = sizeof special / sizeof special[0] };

static int failures;
static void worse(const Function *f, double limit, double e, double a, double b, double got,
                  real want, double *worst, const char *type) {
  if (e > *worst) {
    *worst = e;
  }
  if (e > limit && failures++ < 40) {
    printf("%s %s over %d lanes: (%a, %a) gives %a, not %La: %.3g ulp\n", f->name, type, N, a, b,
           got, want, e);
  }
}

static int is_exact(const Function *f) {
  static const char *const names[] = {"sqrt", "floor", "ceil", "round",
                                      "abs",  "sign",  "min",  "max"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    if (strcmp(f->name, names[i]) == 0) return 1;
  return 0;
}

/* the sign of a zero counts, but of NaN it does not, nor that of min and max of two zeros */
static int zero_differs(const Function *f, double got, double want) {
  return got == 0 && want == 0 && signbit(got) != signbit(want) && f->name[0] != 'm' &&
         strcmp(f->name, "floormod") != 0;
}

static void check32(const Function *f, const float *a, const float *b, double *worst) {
  float y[N];
  f->f32(a, b, y);
  for (int i = 0; i < N; i++) {
    double want = f->exact32((double)a[i], (double)b[i]);
    double e = zero_differs(f, (double)y[i], want) ? INFINITY : error32(y[i], want);
    worse(f, is_exact(f) ? 0.5 : 2, e, (double)a[i], (double)b[i], (double)y[i], want, worst,
          "f32");
  }
}
static void check64(const Function *f, const double *a, const double *b, double *worst) {
  double y[N];
  f->f64(a, b, y);
  for (int i = 0; i < N; i++) {
    real want = f->exact((real)a[i], (real)b[i]);
    double e = zero_differs(f, y[i], (double)want) ? INFINITY : error64(y[i], want);
    worse(f, is_exact(f) ? 0.5 : 2, e, a[i], b[i], y[i], want, worst, "f64");
  }
}

static void sample(const Function *f, long count, double *worst32, double *worst64) {
  float a[N], b[N];
  double c[N], d[N];
  for (long k = 0; k < count; k += N) {
    for (int i = 0; i < N; i++) {
      int anywhere = (k / N + i) % 3 == 0;
      c[i] = anywhere ? any_double() : evenly(f->low, f->high);
      d[i] = anywhere ? any_double() : evenly(-9, 9);
      a[i] = anywhere ? any_float() : (float)evenly(f->low, f->high);
      b[i] = anywhere ? any_float() : (float)evenly(-9, 9);
      if ((k / N + i) % 5 == 0) d[i] = rint(d[i]), b[i] = rintf(b[i]);
      if (k % 7 == 0) c[i] = 10 * c[i];
    }
    check32(f, a, b, worst32);
    check64(f, c, d, worst64);
  }
}

static void specials(const Function *f, double *worst32, double *worst64) {
  for (int k = 0; k < SPECIAL; k++) {
    for (int j = 0; j < (f->operands == 2 ? SPECIAL : 1); j++) {
      float a[N], b[N];
      double c[N], d[N];
      for (int i = 0; i < N; i++) { /* other lanes hold other values */
        c[i] = special[(k + i) % SPECIAL], d[i] = special[(j + 3 * i) % SPECIAL];
        a[i] = (float)c[i], b[i] = (float)d[i];
      }
      check32(f, a, b, worst32);
      check64(f, c, d, worst64);
    }
  }
}

#include "exhaustive.h"

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Of additions that wait for each other: one a cycle. */
static double cycles_a_nanosecond(void) {
  enum { ADDITIONS = 2000000 };
  double best = 1e9;
  for (int attempt = 0; attempt < 9; attempt++) {
    uint64_t sum = 0;
    double start = now();
    for (int i = 0; i < ADDITIONS; i++) {
      sum += 3;
      __asm__ volatile("" : "+r"(sum));
    }
    double time = now() - start;
    if (time < best) best = time;
  }
  return ADDITIONS / (best * 1e9);
}

enum { TIMED = 4096, ROUNDS = 100, ATTEMPTS = 60 };
static float timed_in[TIMED], timed_out[TIMED];
static volatile float sink;
#define TIME(f, libm)                                                                              \
  {                                                                                                \
    double best = 1e9, best_libm = 1e9;                                                            \
    for (int i = 0; i < TIMED; i++) timed_in[i] = (float)evenly(0.01, 5);                          \
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {                                         \
      double start = now();                                                                        \
      for (int r = 0; r < ROUNDS; r++) {                                                           \
        for (int i = 0; i < TIMED; i += N) {                                                       \
          f32n x;                                                                                  \
          memcpy(&x, timed_in + i, sizeof x);                                                      \
          f32n y = f##_f32(x);                                                                     \
          memcpy(timed_out + i, &y, sizeof y);                                                     \
        }                                                                                          \
        __asm__ volatile("" ::: "memory");                                                         \
      }                                                                                            \
      double middle = now();                                                                       \
      for (int r = 0; r < ROUNDS / 50; r++) {                                                      \
        for (int i = 0; i < TIMED; i++) timed_out[i] = libm(timed_in[i]);                          \
        __asm__ volatile("" ::: "memory");                                                         \
      }                                                                                            \
      double end = now();                                                                          \
      if (middle - start < best) best = middle - start;                                            \
      if (end - middle < best_libm) best_libm = end - middle;                                      \
    }                                                                                              \
    sink = timed_out[7];                                                                           \
    double elements = (double)TIMED * (double)ROUNDS;                                              \
    printf("%-9s %6.3f ns, %5.2f cycles an element; libm %6.3f ns\n", #f, best * 1e9 / elements,   \
           best * 1e9 / elements * clock, best_libm * 50e9 / elements);                            \
  }
static float sigmoidf(float x) { return 1 / (1 + expf(-x)); }
static float rsqrtf(float x) { return 1 / sqrtf(x); }
static float softplusf(float x) { return log1pf(expf(x)); }
static void measure(void) {
  double clock = cycles_a_nanosecond();
  printf("%.2f GHz, %d lanes\n", clock, N);
  TIME(exp, expf)
  TIME(log, logf)
  TIME(tanh, tanhf)
  TIME(sigmoid, sigmoidf)
  TIME(erf, erff)
  TIME(sqrt, sqrtf)
  TIME(rsqrt, rsqrtf)
  TIME(softplus, softplusf)
  TIME(expm1, expm1f)
  TIME(log1p, log1pf)
  TIME(sin, sinf)
  TIME(cos, cosf)
  TIME(tan, tanf)
  TIME(asin, asinf)
  TIME(acos, acosf)
  TIME(atan, atanf)
  TIME(sinh, sinhf)
  TIME(cosh, coshf)
}

#define CHECK_INTEGERS(bits)                                                                       \
  static void integers##bits(void) {                                                               \
    for (int k = 0; k < 20000; k++) {                                                              \
      int##bits##_t a[N], b[N], y[6][N];                                                           \
      static const int##bits##_t edge[] = {0,  1, -1, 2, -2, 3, INT##bits##_MAX, INT##bits##_MIN,  \
                                           -7, 10};                                                \
      for (int i = 0; i < N; i++) {                                                                \
        a[i] = k % 3 ? (int##bits##_t)random_bits() : edge[random_bits() % 10];                    \
        b[i] = k % 4 ? (int##bits##_t)(random_bits() % 41) - 20 : edge[random_bits() % 10];        \
      }                                                                                            \
      i##bits##n va, vb, r;                                                                        \
      memcpy(&va, a, sizeof va), memcpy(&vb, b, sizeof vb);                                        \
      r = floordiv_i##bits(va, vb), memcpy(y[0], &r, sizeof r);                                    \
      r = floormod_i##bits(va, vb), memcpy(y[1], &r, sizeof r);                                    \
      r = ipow_i##bits(va, vb), memcpy(y[2], &r, sizeof r);                                        \
      r = min_i##bits(va, vb), memcpy(y[3], &r, sizeof r);                                         \
      r = max_i##bits(va, vb), memcpy(y[4], &r, sizeof r);                                         \
      r = abs_i##bits(va) ^ sign_i##bits(vb), memcpy(y[5], &r, sizeof r);                          \
      for (int i = 0; i < N; i++) {                                                                \
        __int128 p = a[i], q = b[i], quotient = 0, rest = 0;                                       \
        if (q != 0) {                                                                              \
          rest = p % q;                                                                            \
          quotient = p / q;                                                                        \
          if (rest != 0 && (rest < 0) != (q < 0)) rest += q, quotient--;                           \
        }                                                                                          \
        uint##bits##_t power = 1;                                                                  \
        if (q < 0) power = (uint##bits##_t)(p == 1 ? 1 : p == -1 ? (q % 2 ? -1 : 1) : 0);          \
        if (q > 0 && q < 100)                                                                      \
          for (int j = 0; j < q; j++) power *= (uint##bits##_t)p;                                  \
        int ok = y[0][i] == (int##bits##_t)quotient && y[1][i] == (int##bits##_t)rest &&           \
                 (q >= 100 || y[2][i] == (int##bits##_t)power) && y[3][i] == (p < q ? p : q) &&    \
                 y[4][i] == (p > q ? p : q) &&                                                     \
                 y[5][i] == (int##bits##_t)((uint##bits##_t)(p < 0 ? -p : p) ^                     \
                                            (uint##bits##_t)((q > 0) - (q < 0)));                  \
        if (!ok && failures++ < 40)                                                                \
          printf("i%d over %d lanes: (%lld, %lld)\n", bits, N, (long long)a[i], (long long)b[i]);  \
      }                                                                                            \
    }                                                                                              \
  }
CHECK_INTEGERS(32)
CHECK_INTEGERS(64)

    int main(int argc, char **argv) {
  const char *mode = argc > 1 ? argv[1] : "";
  if (strcmp(mode, "time") == 0) {
    measure();
    return 0;
  }
  for (int k = 0; k < COUNT; k++) {
    const Function *f = &functions[k];
    if (argc > 2 && strcmp(argv[2], f->name) != 0) continue;
    if (strcmp(mode, "exhaustive") == 0) {
      exhaustive(f);
      continue;
    }
    double worst32 = 0, worst64 = 0;
    specials(f, &worst32, &worst64);
    sample(f, strcmp(mode, "survey") == 0 ? 4000000 : 20000, &worst32, &worst64);
    printf("%-9s f32 %.3f  f64 %.3f ulp\n", f->name, worst32, worst64);
  }
  integers32();
  integers64();
  return failures != 0;
}
