/* A function of f32 over all 2^32 inputs; a function of two over a lattice of up to 2^28
   pairs.

   Errors are estimated with glibc's vectors of doubles, which are wrong by at most 4 units in the
   53rd bit. What may be worse than all before is measured, against libm's double; so is what
   differs in its sign, or is infinite or NaN alone. Without those vectors libm is asked each time:
   hours instead of minutes. */
#ifndef DAGC_TESTS_VECTOR_MATH_EXHAUSTIVE_H
#define DAGC_TESTS_VECTOR_MATH_EXHAUSTIVE_H
enum { BLOCK = 64 };

/* y[i], near f(a[i], b[i]) */
typedef void (*Quick)(const float *a, const float *b, double *y);

#if defined(__x86_64__) && defined(__gnu_linux__)
typedef double Four __attribute__((vector_size(32)));
typedef int64_t FourBits __attribute__((vector_size(32)));
#define WITH_AVX2 __attribute__((target("avx2")))
#define LOAD_FOUR(x)                                                                               \
  (Four) { (double)(x)[i], (double)(x)[i + 1], (double)(x)[i + 2], (double)(x)[i + 3] }
#define QUICK(f, value)                                                                            \
  WITH_AVX2 static void quick_##f(const float *a, const float *b, double *y) {                     \
    (void)b;                                                                                       \
    for (int i = 0; i < BLOCK; i += 4) {                                                           \
      Four r = value;                                                                              \
      memcpy(y + i, &r, sizeof r);                                                                 \
    }                                                                                              \
  }
#define QUICK1(f)                                                                                  \
  WITH_AVX2 Four _ZGVdN4v_##f(Four);                                                               \
  QUICK(f, _ZGVdN4v_##f(LOAD_FOUR(a)))
#define QUICK2(f)                                                                                  \
  WITH_AVX2 Four _ZGVdN4vv_##f(Four, Four);                                                        \
  QUICK(f, _ZGVdN4vv_##f(LOAD_FOUR(a), LOAD_FOUR(b)))
#define QUICK_LOOP(f, value)                                                                       \
  WITH_AVX2 static void quick_##f(const float *a, const float *b, double *y) {                     \
    (void)b;                                                                                       \
    for (int i = 0; i < BLOCK; i++) y[i] = value;                                                  \
  }
#define VECTORS(X)                                                                                 \
  X(exp)                                                                                           \
  X(expm1)                                                                                         \
  X(log) X(log1p) X(sin) X(cos) X(tan) X(asin) X(acos) X(atan) X(sinh) X(cosh) X(tanh) X(erf)
#define VECTORS2(X) X(atan2) X(pow)
VECTORS(QUICK1)
VECTORS2(QUICK2)

WITH_AVX2 static Four quick_softplus4(Four x) {
  FourBits bits = (FourBits)x, positive = bits & (x > 0);
  return (Four)positive + _ZGVdN4v_log1p(_ZGVdN4v_exp((Four)(bits | INT64_MIN)));
}
QUICK(sigmoid, 1 / (1 + _ZGVdN4v_exp(-LOAD_FOUR(a))))
QUICK(softplus, quick_softplus4(LOAD_FOUR(a)))
QUICK_LOOP(sqrt, __builtin_sqrt((double)a[i]))
QUICK_LOOP(rsqrt, 1 / __builtin_sqrt((double)a[i]))
QUICK_LOOP(floor, (double)__builtin_floorf(a[i]))
QUICK_LOOP(ceil, (double)__builtin_ceilf(a[i]))
QUICK_LOOP(round, (double)__builtin_rintf(a[i]))
QUICK_LOOP(abs, (double)__builtin_fabsf(a[i]))
#define LOOPS(X) X(sqrt) X(rsqrt) X(floor) X(ceil) X(round) X(abs)

/* Whether each y[i] is within `limit` units of near[i], or the float next to it. */
WITH_AVX2 static int all_within(const float *y, const double *near, double limit) {
  const FourBits exponent = (FourBits){0} + ((int64_t)0x7ff << 52);
  const FourBits least = (FourBits){0} + ((int64_t)(1023 - 126) << 52);
  FourBits good = {-1, -1, -1, -1};
  for (int i = 0; i < BLOCK; i += 4) {
    Four got = LOAD_FOUR(y), want, rounded = {0};
    memcpy(&want, near + i, sizeof want);
    for (int k = 0; k < 4; k++) rounded[k] = (double)(float)near[i + k];
    FourBits power = (FourBits)want & exponent, low = power < least;
    power = (power & ~low) | (least & low);
    Four one = (Four)(((FourBits){0} + ((int64_t)2046 << 52)) - power); /* 2^-exponent */
    Four difference = (Four)((FourBits)(got - want) & INT64_MAX);
    FourBits within = difference * one <= limit * 0x1p-23;
    FourBits same_sign = ((FourBits)got ^ (FourBits)want) >= 0;
    good &= ((within | (got == rounded)) & same_sign) | ((got != got) & (want != want));
  }
  return (good[0] & good[1] & good[2] & good[3]) != 0;
}

static Quick quick_of(const char *name) {
#define QUICK_ROW(f) {#f, quick_##f},
  static const struct {
    const char *name;
    Quick quick;
  } table[] = {VECTORS(QUICK_ROW) VECTORS2(QUICK_ROW) LOOPS(QUICK_ROW) QUICK_ROW(sigmoid)
                   QUICK_ROW(softplus)};
  for (size_t i = 0; i < sizeof table / sizeof *table; i++)
    if (strcmp(table[i].name, name) == 0 && __builtin_cpu_supports("avx2")) return table[i].quick;
  return NULL;
}
#else
static Quick quick_of(const char *name) {
  (void)name;
  return NULL;
}
static int all_within(const float *y, const double *near, double limit) {
  (void)y, (void)near, (void)limit;
  return 0;
}
#endif

typedef struct Worst {
  double error;
  float a, b;
} Worst;

static void measure_block(const Function *f, Quick quick, const float *a, const float *b,
                          Worst *worst) {
  float y[BLOCK];
  double near[BLOCK];
  for (int i = 0; i < BLOCK; i += N) f->f32(a + i, b + i, y + i);
  if (quick != NULL) {
    quick(a, b, near);
    if (all_within(y, near, worst->error)) return;
  }
  for (int i = 0; i < BLOCK; i++) {
    double want = f->exact32((double)a[i], (double)b[i]);
    double e = zero_differs(f, (double)y[i], want) ? INFINITY : error32(y[i], want);
    if (e > worst->error) *worst = (Worst){e, a[i], b[i]};
  }
}

/* Its low bits are those of a scrambled number, its high ones count. */
static float lattice_point(uint64_t k, int bits) {
  uint32_t pattern =
      (uint32_t)(k << (32 - bits)) | (uint32_t)((k * 0x9e3779b97f4a7c15u) >> (32 + bits));
  float x;
  memcpy(&x, &pattern, sizeof x);
  return x;
}

/* Prints "name, worst error in units of the last place, where". */
static void exhaustive(const Function *f) {
  Quick quick = quick_of(f->name);
  int bits = quick != NULL ? 14 : 11; /* of an operand, where there are two */
  Worst worst = {0};
  float a[BLOCK], b[BLOCK] = {0};
  uint64_t count = (uint64_t)1 << (f->operands == 1 ? 32 : 2 * bits);
  for (uint64_t first = 0; first < count; first += BLOCK) {
    for (uint64_t i = 0; i < BLOCK; i++) {
      uint32_t pattern = (uint32_t)(first + i);
      if (f->operands == 1) {
        memcpy(&a[i], &pattern, sizeof pattern);
      } else {
        a[i] = lattice_point(pattern >> bits, bits);
        b[i] = lattice_point(pattern & ((1u << bits) - 1), bits);
      }
    }
    measure_block(f, quick, a, b, &worst);
  }
  int good = worst.error <= (is_exact(f) ? 0.5 : 2);
  if (quick != NULL && worst.error < 0.5) worst.error = 0.5; /* the nearest: not measured */
  printf("%s %.3f %a", f->name, worst.error, (double)worst.a);
  if (f->operands == 2) printf(" %a", (double)worst.b);
  printf("%s\n", good ? "" : " FAILED");
  fflush(stdout);
  failures += !good;
}
#endif
