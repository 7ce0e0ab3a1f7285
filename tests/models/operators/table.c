#include "table.h"
#include <math.h>

#define LARGE 1e300

#define POINTS(...)                                                                                \
  .points = (const Point[]){__VA_ARGS__},                                                          \
  .n_points = sizeof((const Point[]){__VA_ARGS__}) / sizeof(Point)
#define SLOPES(...)                                                                                \
  .slopes = (const Slope[]){__VA_ARGS__},                                                          \
  .n_slopes = sizeof((const Slope[]){__VA_ARGS__}) / sizeof(Slope)
#define REAL1                           .types = {"real"}, .result = "real"
#define REAL2                           .types = {"real", "real"}, .result = "real"
#define INT2                            .types = {"i32", "i32"}, .result = "i32"
#define BOOL2                           .types = {"bool", "bool"}, .result = "bool"
#define FROM1(LOW, HIGH)                .low = {LOW}, .high = {HIGH}
#define FROM2(LOW, HIGH, LOW_B, HIGH_B) .low = {LOW, LOW_B}, .high = {HIGH, HIGH_B}
#define ROWS(ID)                        static const OperatorRow rows_##ID[]

/* --- arithmetic --- */

ROWS(ADD) = {
    {"a + b", REAL2, FROM2(-3, 3, -3, 3),
     POINTS({{0, 0}, 0}, {{LARGE, 1}, LARGE}, {{INFINITY, 1}, INFINITY},
            {{INFINITY, -INFINITY}, NAN}, {{NAN, 1}, NAN}),
     SLOPES({{0, 0}, {1, 1}}, {{INFINITY, 1}, {1, 1}})},
    {"a + 2.5", REAL1, FROM1(-3, 3), POINTS({{0}, 2.5})},
    {"a + b", INT2, FROM2(-9, 9, -9, 9), POINTS({{2, 3}, 5}, {{-7, 7}, 0})},
};
ROWS(SUB) = {
    {"a - b", REAL2, FROM2(-3, 3, -3, 3),
     POINTS({{0, 0}, 0}, {{1, LARGE}, -LARGE}, {{INFINITY, INFINITY}, NAN}),
     SLOPES({{0, 0}, {1, -1}})},
    {"1 - a", REAL1, FROM1(-3, 3), POINTS({{1}, 0})},
    {"a - b", INT2, FROM2(-9, 9, -9, 9), POINTS({{2, 3}, -1})},
};
ROWS(MUL) = {
    {"a * b", REAL2, FROM2(-3, 3, -3, 3),
     POINTS({{0, 5}, 0}, {{LARGE, LARGE}, INFINITY}, {{0, INFINITY}, NAN},
            {{-2, INFINITY}, -INFINITY}),
     SLOPES({{0, 0}, {0, 0}}, {{2, 3}, {3, 2}})},
    {"a * a", REAL1, FROM1(-3, 3), POINTS({{-3}, 9}), SLOPES({{0}, {0}}, {{2}, {4}})},
    {"a * b", INT2, FROM2(-9, 9, -9, 9), POINTS({{-4, 3}, -12}, {{0, 3}, 0})},
};
ROWS(DIV) = {
    {"a / b", REAL2, FROM2(-3, 3, 0.4, 3),
     POINTS({{1, 0}, INFINITY}, {{-1, 0}, -INFINITY}, {{0, 0}, NAN}, {{1, INFINITY}, 0},
            {{INFINITY, INFINITY}, NAN}, {{7, 2}, 3.5}),
     SLOPES({{0, 2}, {0.5, 0}}, {{3, -2}, {-0.5, -0.75}})},
    {"1 / a", REAL1, FROM1(-3, -0.4), POINTS({{4}, 0.25}), SLOPES({{0.5}, {-4}})},
    {"a / b", INT2, FROM2(-20, 20, 1, 7),
     POINTS({{7, 2}, 3}, {{-7, 2}, -4}, {{7, -2}, -4}, {{-7, -2}, 3}, {{-1, 8}, -1}, {{0, 5}, 0})},
};
ROWS(MOD) = {
    {"a % b", REAL2, FROM2(-5, 5, 0.7, 3),
     POINTS({{7.5, 2}, 1.5}, {{-7.5, 2}, 0.5}, {{7.5, -2}, -0.5}, {{-7.5, -2}, -1.5}, {{4, 2}, 0},
            {{1, INFINITY}, 1}, {{INFINITY, 2}, NAN}, {{1, 0}, NAN}),
     SLOPES({{7.5, 2}, {1, -3}}, {{-7.5, 2}, {1, 4}}, {{4, 2}, {1, -2}})},
    {"a % b", INT2, FROM2(-20, 20, 1, 7),
     POINTS({{7, 2}, 1}, {{-7, 2}, 1}, {{7, -2}, -1}, {{-7, -2}, -1}, {{6, 3}, 0})},
};
ROWS(POW) = {
    {"a^b", REAL2, FROM2(0.2, 3, -2, 3),
     POINTS({{0, 0}, 1}, {{5, 0}, 1}, {{-2, 3}, -8}, {{-2, 0.5}, NAN}, {{0, 2}, 0},
            {{0, -1}, INFINITY}, {{INFINITY, -1}, 0}, {{2, INFINITY}, INFINITY}, {{2, 10}, 1024}),
     SLOPES({{0, 2}, {0, 0}}, {{2, 1}, {1, 2 * M_LN2}}, {{-2, 3}, {12, 0}})},
    {"a^2", REAL1, FROM1(-3, 3), POINTS({{-3}, 9}, {{0}, 0}), SLOPES({{0}, {0}}, {{-3}, {-6}})},
    {"a^3", REAL1, FROM1(-3, 3), POINTS({{-3}, -27}), SLOPES({{0}, {0}}, {{2}, {12}})},
    {"a^-1", REAL1, FROM1(0.3, 3), POINTS({{4}, 0.25}, {{-2}, -0.5}), SLOPES({{-2}, {-0.25}})},
    {"a^0.5", REAL1, FROM1(0.3, 3), POINTS({{4}, 2}, {{0}, 0}), SLOPES({{4}, {0.25}})},
    {"2.0^a", REAL1, FROM1(-3, 3), POINTS({{0}, 1}, {{-1}, 0.5}), SLOPES({{0}, {M_LN2}})},
    {"a^b", INT2, FROM2(-4, 4, 0, 5), POINTS({{2, 10}, 1024}, {{-3, 3}, -27}, {{0, 0}, 1})},
};
ROWS(NEG) = {
    {"-a", REAL1, FROM1(-3, 3), POINTS({{0}, 0}, {{LARGE}, -LARGE}, {{INFINITY}, -INFINITY}),
     SLOPES({{0}, {-1}})},
    {"-a", .types = {"i32"}, .result = "i32", FROM1(-9, 9), POINTS({{5}, -5})},
};
ROWS(MIN) = {
    {"min(a, b)", REAL2, FROM2(-3, 3, -3, 3),
     POINTS({{1, 2}, 1}, {{2, 1}, 1}, {{-INFINITY, LARGE}, -INFINITY}, {{NAN, 1}, NAN},
            {{1, NAN}, NAN}),
     SLOPES({{1, 1}, {1, 0}}, {{1, 2}, {1, 0}}, {{2, 1}, {0, 1}})},
    {"min(a, 0)", REAL1, FROM1(-3, 3), POINTS({{1}, 0}, {{-1}, -1}),
     SLOPES({{0}, {0}}, {{-1}, {1}}, {{1}, {0}})},
    {"min(0, a)", REAL1, FROM1(-3, 3), POINTS({{1}, 0}), SLOPES({{0}, {0}}, {{-1}, {1}})},
    {"min(a, b)", INT2, FROM2(-9, 9, -9, 9), POINTS({{2, 3}, 2}, {{3, -2}, -2})},
};
ROWS(MAX) = {
    /* a tie goes to the first; but a constant never gets the derivative: relu'(0) = 0 */
    {"max(a, b)", REAL2, FROM2(-3, 3, -3, 3),
     POINTS({{1, 2}, 2}, {{2, 1}, 2}, {{INFINITY, LARGE}, INFINITY}, {{NAN, 1}, NAN},
            {{1, NAN}, NAN}),
     SLOPES({{1, 1}, {1, 0}}, {{1, 2}, {0, 1}}, {{2, 1}, {1, 0}})},
    {"max(a, 0)", REAL1, FROM1(-3, 3), POINTS({{1}, 1}, {{-1}, 0}, {{LARGE}, LARGE}, {{NAN}, NAN}),
     SLOPES({{0}, {0}}, {{-1}, {0}}, {{1}, {1}})},
    {"max(0, a)", REAL1, FROM1(-3, 3), POINTS({{-1}, 0}), SLOPES({{0}, {0}}, {{1}, {1}})},
    {"relu(a)", REAL1, FROM1(-3, 3), POINTS({{-1}, 0}), SLOPES({{0}, {0}}, {{1}, {1}})},
    {"max(a, b)", INT2, FROM2(-9, 9, -9, 9), POINTS({{2, 3}, 3}, {{3, -2}, 3})},
};
ROWS(ABS) = {
    {"abs(a)", REAL1, FROM1(-3, 3), POINTS({{0}, 0}, {{-LARGE}, LARGE}, {{-INFINITY}, INFINITY}),
     SLOPES({{0}, {0}}, {{-2}, {-1}}, {{2}, {1}})},
    {"abs(a)", .types = {"i32"}, .result = "i32", FROM1(-9, 9), POINTS({{-5}, 5}, {{0}, 0})},
};
ROWS(SIGN) = {
    {"sign(a)", REAL1, FROM1(-3, 3),
     POINTS({{0}, 0}, {{-LARGE}, -1}, {{INFINITY}, 1}, {{NAN}, NAN}),
     SLOPES({{0}, {0}}, {{1}, {0}})},
    {"sign(a)", .types = {"i32"}, .result = "i32", FROM1(-9, 9), POINTS({{-5}, -1}, {{0}, 0})},
};
ROWS(FLOOR) = {
    {"floor(a)", REAL1, FROM1(-5, 5),
     POINTS({{1.5}, 1}, {{-1.5}, -2}, {{-0.25}, -1}, {{LARGE}, LARGE}, {{-INFINITY}, -INFINITY}),
     SLOPES({{1}, {0}}, {{1.5}, {0}})},
};
ROWS(CEIL) = {
    {"ceil(a)", REAL1, FROM1(-5, 5),
     POINTS({{1.5}, 2}, {{-1.5}, -1}, {{0.25}, 1}, {{LARGE}, LARGE}),
     SLOPES({{1}, {0}}, {{1.5}, {0}})},
};
ROWS(ROUND) = {
    {"round(a)", REAL1, FROM1(-5, 5),
     POINTS({{0.5}, 0}, {{1.5}, 2}, {{2.5}, 2}, {{-1.5}, -2}, {{-0.75}, -1}, {{LARGE}, LARGE}),
     SLOPES({{0.5}, {0}}, {{1}, {0}})},
};

/* --- comparison, logic, choice --- */

#define COMPARISON(ID, SIGN, LESS, EQUAL, GREATER, UNORDERED)                                      \
  ROWS(ID) = {                                                                                     \
      {"a " SIGN " b", .types = {"real", "real"}, .result = "bool", FROM2(-3, 3, -3, 3),           \
       POINTS({{1, 2}, LESS}, {{2, 2}, EQUAL}, {{2, 1}, GREATER}, {{NAN, 1}, UNORDERED},           \
              {{NAN, NAN}, UNORDERED}, {{INFINITY, INFINITY}, EQUAL}, {{-INFINITY, 0}, LESS})},    \
      {"a " SIGN " b", .types = {"i32", "i32"}, .result = "bool", FROM2(-3, 3, -3, 3),             \
       POINTS({{1, 2}, LESS}, {{2, 2}, EQUAL}, {{2, 1}, GREATER})},                                \
  }
COMPARISON(EQ, "==", 0, 1, 0, 0);
COMPARISON(NE, "!=", 1, 0, 1, 1);
COMPARISON(LT, "<", 1, 0, 0, 0);
COMPARISON(LE, "<=", 1, 1, 0, 0);
COMPARISON(GT, ">", 0, 0, 1, 0);
COMPARISON(GE, ">=", 0, 1, 1, 0);

ROWS(AND) = {{"a and b", BOOL2, FROM2(0, 2, 0, 2),
              POINTS({{0, 0}, 0}, {{0, 1}, 0}, {{1, 0}, 0}, {{1, 1}, 1})}};
ROWS(OR) = {{"a or b", BOOL2, FROM2(0, 2, 0, 2),
             POINTS({{0, 0}, 0}, {{0, 1}, 1}, {{1, 0}, 1}, {{1, 1}, 1})}};
ROWS(NOT) = {
    {"not a", .types = {"bool"}, .result = "bool", FROM1(0, 2), POINTS({{0}, 1}, {{1}, 0})}};
ROWS(WHERE) = {
    {"where(a, b, c)", .types = {"bool", "real", "real"}, .result = "real", .low = {0, -3, -3},
     .high = {2, 3, 3},
     POINTS({{1, 2, 3}, 2}, {{0, 2, 3}, 3}, {{1, 2, NAN}, 2}, {{0, INFINITY, 3}, 3}),
     SLOPES({{1, 2, 3}, {0, 1, 0}}, {{0, 2, 3}, {0, 0, 1}})},
    /* the branch not taken gives no NaN, in neither direction */
    {"where(a > 0, log(a), 0)", REAL1, FROM1(0.2, 3), POINTS({{0}, 0}, {{-1}, 0}, {{1}, 0}),
     SLOPES({{0}, {0}}, {{-1}, {0}}, {{2}, {0.5}})},
    {"where(a > 0, sqrt(a), 0)", REAL1, FROM1(0.2, 3), POINTS({{0}, 0}, {{4}, 2}),
     SLOPES({{0}, {0}}, {{-1}, {0}}, {{4}, {0.25}})},
};

/* --- conversion --- */

ROWS(CAST) = {
    {"i32(a)", .types = {"real"}, .result = "i32", FROM1(-9, 9),
     POINTS({{2.9}, 2}, {{-2.9}, -2}, {{0}, 0})},
    {"f64(a)", .types = {"i32"}, .result = "f64", FROM1(-9, 9), POINTS({{-7}, -7})},
    {"f32(a)", .types = {"u8"}, .result = "f32", FROM1(0, 255), POINTS({{255}, 255})},
    {"f64(a)", .types = {"f32"}, .result = "f64", FROM1(-3, 3), POINTS({{-1.5}, -1.5}),
     SLOPES({{-1.5}, {1}})},
    {"f32(a)", .types = {"bool"}, .result = "f32", FROM1(0, 2), POINTS({{1}, 1}, {{0}, 0})},
    {"i64(a)", .types = {"u8"}, .result = "i64", FROM1(0, 255), POINTS({{200}, 200})},
};
ROWS(STOP_GRADIENT) = {
    {"stop_gradient(a) * a", REAL1, FROM1(-3, 3), POINTS({{3}, 9}), SLOPES({{3}, {3}}),
     .flat = true},
};

/* --- types of memory: steps, whose slope is that of the line through them --- */

ROWS(BF16) = {
    {"bf16(a)", REAL1, FROM1(-5, 5),
     POINTS({{1}, 1}, {{-1.00390625}, -1}, {{1.01171875}, 1.015625}, {{0x1.010001p0}, 0x1.02p0},
            {{0x1.ffp127}, INFINITY}, {{0x1.fefffep127}, 0x1.fep127}, {{INFINITY}, INFINITY},
            {{0x1p-133}, 0x1p-133}, {{0x1p-134}, 0}, {{0x1.8p-133}, 0x1p-132}, {{NAN}, NAN}),
     SLOPES({{1}, {1}}, {{-0.3}, {1}}), .flat = true},
};
ROWS(F16) = {
    {"f16(a)", REAL1, FROM1(-5, 5),
     POINTS({{1}, 1}, {{-0x1.002p0}, -1}, {{0x1.006p0}, 0x1.008p0}, {{65519}, 65504},
            {{65520}, INFINITY}, {{-1e9}, -INFINITY}, {{0x1p-24}, 0x1p-24}, {{0x1p-25}, 0},
            {{0x1.8p-24}, 0x1p-23}, {{0x1.ffep-15}, 0x1p-14}, {{NAN}, NAN}),
     SLOPES({{1}, {1}}, {{-0.3}, {1}}), .flat = true},
};

/* --- transcendental --- */

ROWS(EXP) = {
    {"exp(a)", REAL1, FROM1(-5, 5),
     POINTS({{0}, 1}, {{1}, M_E}, {{1000}, INFINITY}, {{-1000}, 0}, {{INFINITY}, INFINITY},
            {{-INFINITY}, 0}, {{NAN}, NAN}),
     SLOPES({{0}, {1}}, {{-1000}, {0}})},
};
ROWS(EXPM1) = {
    {"expm1(a)", REAL1, FROM1(-5, 5),
     POINTS({{0}, 0}, {{1e-20}, 1e-20}, {{-1000}, -1}, {{1000}, INFINITY}, {{-INFINITY}, -1}),
     SLOPES({{0}, {1}}, {{-1000}, {0}})},
};
ROWS(LOG) = {
    {"log(a)", REAL1, FROM1(0.1, 9),
     POINTS({{1}, 0}, {{0}, -INFINITY}, {{-1}, NAN}, {{INFINITY}, INFINITY}, {{M_E}, 1}),
     SLOPES({{1}, {1}}, {{4}, {0.25}})},
};
ROWS(LOG1P) = {
    {"log1p(a)", REAL1, FROM1(-0.8, 9),
     POINTS({{0}, 0}, {{1e-20}, 1e-20}, {{-1}, -INFINITY}, {{-2}, NAN}, {{INFINITY}, INFINITY}),
     SLOPES({{0}, {1}}, {{3}, {0.25}})},
};
ROWS(SQRT) = {
    {"sqrt(a)", REAL1, FROM1(0.1, 9),
     POINTS({{0}, 0}, {{9}, 3}, {{-1}, NAN}, {{INFINITY}, INFINITY}),
     SLOPES({{4}, {0.25}}, {{0}, {INFINITY}})},
};
ROWS(RSQRT) = {
    {"rsqrt(a)", REAL1, FROM1(0.1, 9),
     POINTS({{4}, 0.5}, {{0}, INFINITY}, {{INFINITY}, 0}, {{-1}, NAN}), SLOPES({{4}, {-0.0625}})},
};
ROWS(SIN) = {
    {"sin(a)", REAL1, FROM1(-7, 7),
     POINTS({{0}, 0}, {{1e6}, -0.34999350217129294}, {{1e22}, -0.8522008497671888},
            {{INFINITY}, NAN}),
     SLOPES({{0}, {1}})},
};
ROWS(COS) = {
    {"cos(a)", REAL1, FROM1(-7, 7),
     POINTS({{0}, 1}, {{1e6}, 0.9367521275331447}, {{INFINITY}, NAN}), SLOPES({{0}, {0}})},
};
ROWS(TAN) = {
    {"tan(a)", REAL1, FROM1(-1.2, 1.2),
     POINTS({{0}, 0}, {{1}, 1.5574077246549023}, {{INFINITY}, NAN}), SLOPES({{0}, {1}})},
};
ROWS(ASIN) = {
    {"asin(a)", REAL1, FROM1(-0.9, 0.9),
     POINTS({{0}, 0}, {{1}, M_PI_2}, {{-1}, -M_PI_2}, {{2}, NAN}),
     SLOPES({{0}, {1}}, {{1}, {INFINITY}})},
};
ROWS(ACOS) = {
    {"acos(a)", REAL1, FROM1(-0.9, 0.9), POINTS({{0}, M_PI_2}, {{1}, 0}, {{-1}, M_PI}, {{2}, NAN}),
     SLOPES({{0}, {-1}})},
};
ROWS(ATAN) = {
    {"atan(a)", REAL1, FROM1(-5, 5),
     POINTS({{0}, 0}, {{INFINITY}, M_PI_2}, {{-INFINITY}, -M_PI_2}, {{1}, M_PI_4}),
     SLOPES({{0}, {1}}, {{1}, {0.5}}, {{INFINITY}, {0}})},
};
ROWS(ATAN2) = {
    {"atan2(a, b)", REAL2, FROM2(-3, 3, 0.2, 3),
     POINTS({{0, 1}, 0}, {{1, 0}, M_PI_2}, {{-1, 0}, -M_PI_2}, {{0, -1}, M_PI}, {{1, 1}, M_PI_4},
            {{-1, -1}, -3 * M_PI_4}, {{0, 0}, 0}, {{INFINITY, 1}, M_PI_2}),
     SLOPES({{0, 1}, {1, 0}}, {{1, 1}, {0.5, -0.5}}, {{1, 0}, {0, -1}})},
};
ROWS(SINH) = {
    {"sinh(a)", REAL1, FROM1(-4, 4),
     POINTS({{0}, 0}, {{1000}, INFINITY}, {{-1000}, -INFINITY}, {{1}, 1.1752011936438014}),
     SLOPES({{0}, {1}})},
};
ROWS(COSH) = {
    {"cosh(a)", REAL1, FROM1(-4, 4),
     POINTS({{0}, 1}, {{1000}, INFINITY}, {{-1}, 1.5430806348152437}), SLOPES({{0}, {0}})},
};
ROWS(TANH) = {
    {"tanh(a)", REAL1, FROM1(-4, 4),
     POINTS({{0}, 0}, {{1000}, 1}, {{-1000}, -1}, {{INFINITY}, 1}, {{1}, 0.7615941559557649}),
     SLOPES({{0}, {1}}, {{1000}, {0}}, {{-1000}, {0}})},
};
ROWS(SIGMOID) = {
    {"sigmoid(a)", REAL1, FROM1(-6, 6),
     POINTS({{0}, 0.5}, {{1000}, 1}, {{-1000}, 0}, {{INFINITY}, 1}, {{-INFINITY}, 0}),
     SLOPES({{0}, {0.25}}, {{1000}, {0}}, {{-1000}, {0}})},
};
ROWS(SOFTPLUS) = {
    {"softplus(a)", REAL1, FROM1(-6, 6),
     POINTS({{0}, M_LN2}, {{1000}, 1000}, {{-1000}, 0}, {{LARGE}, LARGE}, {{-INFINITY}, 0}),
     SLOPES({{0}, {0.5}}, {{1000}, {1}}, {{-1000}, {0}})},
};
ROWS(ERF) = {
    {"erf(a)", REAL1, FROM1(-3, 3),
     POINTS({{0}, 0}, {{1}, 0.8427007929497149}, {{-INFINITY}, -1}, {{30}, 1}),
     SLOPES({{0}, {M_2_SQRTPI}}, {{30}, {0}})},
};

/* --- surroundings, random numbers: in an export, before any step --- */

ROWS(STEP) = {{"a + i32(step)", .types = {"i32"}, .result = "i32", FROM1(-3, 3), POINTS({{2}, 2})}};
ROWS(TRAINING) = {{"a + where(training, 1, 0)", REAL1, FROM1(-3, 3), POINTS({{2}, 2})}};
ROWS(RANDOM_UNIFORM) = {{"a + uniform(-1.0, 1.0)", REAL1, FROM1(-3, 3), .n_points = 0}};
ROWS(RANDOM_NORMAL) = {{"a + normal(1.0)", REAL1, FROM1(-3, 3), .n_points = 0}};

/* Every operator has its rows: one without does not compile. */
const OperatorRows operator_table[N_SCALAR_OPS] = {
#define SCALAR_OP(ID, ...) {OP_##ID, rows_##ID, sizeof rows_##ID / sizeof *rows_##ID},
#include "graph/scalar_ops.def"
};

/* --- reductions --- */

const ReductionRow reduction_table[] = {
    {REDUCE_SUM,
     "real",
     {{1, 2, 3, 4}, {0, 0, 0, 0}, {INFINITY, 1, 1, 1}, {INFINITY, -INFINITY, 0, 0}},
     {10, 0, INFINITY, NAN},
     {{1, 1, 1, 1}, {1, 1, 1, 1}, {1, 1, 1, 1}, {1, 1, 1, 1}},
     4},
    {REDUCE_PROD,
     "real",
     {{1, 2, 3, 4}, {0, 2, 3, 4}, {0, 0, 3, 4}, {-1, 1, -1, 2}},
     {24, 0, 0, 2},
     {{24, 12, 8, 6}, {24, 0, 0, 0}, {0, 0, 0, 0}, {-2, 2, -2, 1}},
     4},
    {REDUCE_MAX,
     "real",
     {{1, 5, 3, 4}, {5, 1, 5, 5}, {0, 0, 0, 0}, {-INFINITY, -3, -4, -9}},
     {5, 5, 0, -3},
     {{0, 1, 0, 0}, {1, 0, 0, 0}, {1, 0, 0, 0}, {0, 1, 0, 0}},
     4},
    {REDUCE_MIN,
     "real",
     {{3, 5, 1, 4}, {2, 1, 1, 1}, {0, 0, 0, 0}, {INFINITY, 3, 4, 9}},
     {1, 1, 0, 3},
     {{0, 0, 1, 0}, {0, 1, 0, 0}, {1, 0, 0, 0}, {0, 1, 0, 0}},
     4},
    {REDUCE_ARGMAX,
     "real",
     {{1, 5, 3, 4}, {5, 1, 5, 5}, {0, 0, 0, 0}, {-INFINITY, -INFINITY, 0, 0}},
     {1, 0, 0, 2},
     {{0}},
     4},
    {REDUCE_ARGMIN,
     "real",
     {{3, 5, 1, 4}, {2, 1, 1, 1}, {0, 0, 0, 0}, {INFINITY, 1, 1, -INFINITY}},
     {2, 1, 0, 3},
     {{0}},
     4},
    {REDUCE_ANY, "bool", {{0, 0, 0, 0}, {0, 0, 1, 0}, {1, 1, 1, 1}}, {0, 1, 1}, {{0}}, 3},
    {REDUCE_ALL, "bool", {{0, 0, 0, 0}, {1, 1, 0, 1}, {1, 1, 1, 1}}, {0, 0, 1}, {{0}}, 3},
};
_Static_assert(sizeof reduction_table / sizeof *reduction_table == N_REDUCTIONS,
               "a row for every reduction");
