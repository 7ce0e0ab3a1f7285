/* The layout: what it is, that nothing is lost, and that it is final. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "format/format.h"

/* NULL when the text has mistakes. */
static const char *formatted(Arena *arena, const char *text) {
  const Source *source = source_from_text(arena, "model.dag", text, strlen(text));
  Diag *diag = diag_hold(diag_new(arena, NULL));
  Text out = text_new(arena);
  return format_source(arena, diag, source, &out) ? text_string(&out) : NULL;
}

/* Each text becomes the one beside it, NULL: stays; and that is final. */
static void check(const char *const (*table)[2], size_t n) {
  for (size_t i = 0; i < n; i++) {
    Arena *arena = arena_new();
    const char *expected = table[i][1] == NULL ? table[i][0] : table[i][1];
    const char *once = formatted(arena, table[i][0]);
    if (once == NULL) fail_msg("this has mistakes: %s", table[i][0]);
    assert_string_equal(once, expected);
    assert_string_equal(formatted(arena, once), expected);
    arena_free(arena);
  }
}
#define CHECK(table) check(table, sizeof(table) / sizeof *(table))

static void blanks(void **state) {
  (void)state;
  static const char *const table[][2] = {
      {"", NULL},
      {"\n\n", ""},
      {"dim   B=64\ninput x:u8 [ B,784 ]", "dim B = 64\ninput x: u8[B, 784]\n"},
      {"y=a+b*c-d/e%f@g\n", "y = a + b * c - d / e % f @ g\n"},
      {"y = - a ^ - b + x [ i ]?\?- 1\n", "y = -a^-b + x[i] ?\? -1\n"},
      {"y=not a==b and c< -1 or(d)\n", "y = not a == b and c < -1 or (d)\n"},
      {"y=f (a,k=1)(b) . c\n", "y = f(a, k = 1)(b).c\n"},
      {"y = 3 .x\n", NULL},
      {"(q,r)=f(x)\n", "(q, r) = f(x)\n"},
      {"m<-m'+1\n", "m <- m' + 1\n"},
      /* ranges on the left and in front of a call, slices elsewhere */
      {"z[b,j:3,k:0 .. 4]=sum[i:3](x[b : c, : , :2,i :])\n",
       "z[b, j: 3, k: 0..4] = sum[i: 3](x[b:c, :, :2, i:])\n"},
      {"z = x[1:3](y)\n", "z = x[1: 3](y)\n"},
      {"(a[i:2],b)=f(x[1: 2])\n", "(a[i: 2], b) = f(x[1:2])\n"},
      {"fn f(x:real[...,N],k:int=1)=x\n", "fn f(x: real[..., N], k: int = 1) = x\n"},
      /* a product of two words in brackets may stand close */
      {"y[p: P] = x[2*p + 1, 2 * p, 2*p+1]\n", "y[p: P] = x[2*p + 1, 2 * p, 2*p + 1]\n"},
      {"y = 2*p\n", "y = 2 * p\n"},
      {"y = f(2*x[i], (a)*b)\n", "y = f(2*x[i], (a) * b)\n"},
      {"y = h[t-1, t-1+a](b-1)\n", "y = h[t-1, t - 1 + a](b - 1)\n"},
      {"export f( x )=where( a,b,c ),m<-e where B=1\n",
       "export f(x) = where(a, b, c), m <- e where B = 1\n"},
      {"export f() = a where (1)\n", NULL},
      {"scan t in 0 .. T checkpoint(8)with h=h0{y[t]=h}\n",
       "scan t in 0..T checkpoint (8) with h = h0 { y[t] = h }\n"},
      {"train{minimize(a+b);with adam(lr=1)on f,g.W;report -x}\n",
       "train { minimize (a + b); with adam(lr = 1) on f, g.W; report -x }\n"},
      {"require a>0,\"why\"\nimport\"a.dag\"\n", "require a > 0, \"why\"\nimport \"a.dag\"\n"},
      {"fn f(x)=x with grad(u)=2*u\n", "fn f(x) = x with grad(u) = 2 * u\n"},
      {"x = \"a  \\\"b\\n\"[1:3]\r\n", "x = \"a  \\\"b\\n\"[1:3]\n"},
      {"\xEF\xBB\xBFx = 1", "x = 1\n"},
  };
  CHECK(table);
}

static void lines(void **state) {
  (void)state;
  static const char *const table[][2] = {
      {"a = 1; b = 2;\n", "a = 1\nb = 2\n"},
      {"\n\na = 1\n\n\n\nb = 2\n\n", "a = 1\n\nb = 2\n"},
      {"layer f()(x) {\n\n    return x\n\n\n}\n", "layer f()(x) {\n  return x\n}\n"},
      {"if a { b = 1 ; }\nelse{b=2}\n", "if a { b = 1 } else { b = 2 }\n"},
      {"if a {\nb = 1 }\nelse if c { b = 2 } else {\n b = 3\n}\n",
       "if a {\n  b = 1\n} else if c { b = 2 } else {\n  b = 3\n}\n"},
      {"repeat l in 0..3 { }\n", NULL},
      {"train {\n}\n", NULL},
      {"fn f(x) {\n  return x\n} with grad(u) {\n  return u\n}\n", NULL},
      /* the author's breaks stay, their indentation is the one there is */
      {"y = a +\n b\n", "y = a +\n    b\n"},
      {"y =\na + b\n", "y =\n    a + b\n"},
      {"y = f(a,\n\n b)\n", "y = f(a,\n      b)\n"},
      {"y = f(\na,\ng(\nb))\n", "y = f(\n    a,\n    g(\n        b))\n"},
      {"y = f(\na\n)\n", "y = f(\n    a\n)\n"},
      {"y = x |> f\n|> g\n  |> h\n", "y = x |> f\n      |> g\n      |> h\n"},
      {"y = x\n|> f\n|> g\n", "y = x\n    |> f\n    |> g\n"},
      {"export f(x) = a,\nb\n", "export f(x) = a,\n              b\n"},
      {"layer f(a,\nb)(\nx) {\nreturn x\n}\n",
       "layer f(a,\n        b)(\n    x) {\n  return x\n}\n"},
      {"train {\n  data x = 1,\n  y = 2\n}\n", "train {\n  data x = 1,\n       y = 2\n}\n"},
  };
  CHECK(table);
}

static void comments(void **state) {
  (void)state;
  static const char *const table[][2] = {
      {"# a\n\n\n  # b  \nx = 1 # c\n#d\n", "# a\n\n# b\nx = 1  # c\n#d\n"},
      {"#only", "#only\n"},
      {"layer f()(x) { # a\n# b\nreturn x # c\n# d\n}\n# e\n",
       "layer f()(x) {  # a\n  # b\n  return x  # c\n  # d\n}\n# e\n"},
      {"y = f(a, # first\n# between\nb) # last\n",
       "y = f(a,  # first\n      # between\n      b)  # last\n"},
      {"y = x # a\n# b\n|> f\n", "y = x  # a\n    # b\n    |> f\n"},
      {"if a {\n  b = 1\n}\n# c\nelse {\n  b = 2\n}\n", NULL},
      {"train {\n  # nothing\n}\n", NULL},
      {"a = 1; # c\nb = 2\n", "a = 1  # c\nb = 2\n"},
      /* behind neighbouring lines they stand in one column, where the first one had it */
      {"a = 1      # a\nbb = 22 # b\n\nc=3 # c\n",
       "a = 1      # a\nbb = 22    # b\n\nc = 3  # c\n"},
      {"a = 1 # ä\nlonger = 22 # b\n", "a = 1        # ä\nlonger = 22  # b\n"},
  };
  CHECK(table);
}

static void columns(void **state) {
  (void)state;
  static const char *const table[][2] = {
      {"loss     = a\naccuracy = b\n", NULL},
      {"loss = a\naccuracy = b\n", NULL},
      {"loss   = a\naccuracy = b\n", "loss = a\naccuracy = b\n"},
      {"loss[ b ]     = a\naccuracy      = b\n", "loss[b]  = a\naccuracy = b\n"},
      {"a  = image    |> f(1)\nbb = features |> g\n", NULL},
      {"s   = 1\nmid = 2\nstart  = 3\nmiddle = 4\n", NULL},
      {"a    = 1\n\nlong = 2\n", "a = 1\n\nlong = 2\n"},
      {"train {\n  minimize loss\n  with adam(lr = 1)\n  w <- 2\n  epochs 3\n  data x = 1\n}\n",
       "train {\n  minimize loss\n  with     adam(lr = 1)\n  w <- 2\n  epochs 3\n  data   x = "
       "1\n}\n"},
      {"train {\n  data  x = \"train\"[1],  y = 1\n  valid x = \"valid.csv\"[1], y = 2\n}\n",
       "train {\n  data  x = \"train\"[1], y = 1\n  valid x = \"valid.csv\"[1], y = 2\n}\n"},
      {"train {\n  data  x = \"train\"[1],     y = 1\n  valid x = \"valid.csv\"[1], y = 2\n}\n",
       NULL},
  };
  CHECK(table);
}

/* 30 letters */
#define LONG "abcdefghijklmnopqrstuvwxyzabcd"

static void long_lines(void **state) {
  (void)state;
  static const char *const table[][2] = {
      {"y = a + " LONG " * " LONG " + " LONG " + b\n",
       "y = a + " LONG " * " LONG " +\n    " LONG " + b\n"},
      {"y = f(" LONG ", " LONG ", " LONG ", " LONG ")\n",
       "y = f(" LONG ", " LONG ",\n      " LONG ", " LONG ")\n"},
      {"fn f(" LONG ", a) = f(" LONG ", " LONG ")\n",
       "fn f(" LONG ", a) =\n    f(" LONG ", " LONG ")\n"},
      {"y = a |> " LONG " |> " LONG " |> " LONG " |> f\n",
       "y = a |> " LONG " |> " LONG "\n      |> " LONG " |> f\n"},
      /* the rest flows on, over a break of the same kind */
      {"y = f(" LONG ", " LONG ", " LONG ", a,\n      b, g(c,\n           d))\n",
       "y = f(" LONG ", " LONG ",\n      " LONG ", a, b, g(c,\n"
       "                                              d))\n"},
      {"export f(x) = " LONG ", " LONG " where " LONG " = 1\n",
       "export f(x) = " LONG ", " LONG "\n    where " LONG " = 1\n"},
      {"if a { " LONG " = " LONG " } else { " LONG " = 1 }\n",
       "if a {\n  " LONG " = " LONG "\n} else {\n  " LONG " = 1\n}\n"},
      {"train { minimize " LONG "; report " LONG ", " LONG ", abc }\n",
       "train {\n  minimize " LONG "\n  report   " LONG ", " LONG ", abc\n}\n"},
      /* what cannot be broken stays */
      {"x = \"" LONG LONG LONG LONG "\"\n", NULL},
      {"x = " LONG "                # " LONG LONG "\n", NULL},
  };
  CHECK(table);
}

static void mistakes(void **state) {
  (void)state;
  Arena *arena = arena_new();
  assert_null(formatted(arena, "y = (a\nz = 1\n"));
  assert_null(formatted(arena, "y = \xff\n"));
  arena_free(arena);
}

/* --- all models there are --- */

static const char *const models[] = {"/examples/*/*.dag",       "/prelude/*.dag",
                                     "/bench/workloads/*.dag",  "/tests/golden/*.dag",
                                     "/tests/models/*/*.dag",   "/tests/targets/*.dag",
                                     "/tests/diagnostics/*.dag"};

static void each_model(void (*test)(Arena *arena, const char *path, const Source *source)) {
  glob_t found = {0};
  for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
    char pattern[4096];
    snprintf(pattern, sizeof pattern, "%s%s", ROOT, models[i]);
    glob(pattern, i == 0 ? 0 : GLOB_APPEND, NULL, &found);
  }
  assert_true(found.gl_pathc > 150);
  for (size_t i = 0; i < found.gl_pathc; i++) {
    Arena *arena = arena_new();
    const Source *source =
        source_read(arena, diag_new(arena, stderr), found.gl_pathv[i], span_none());
    assert_non_null(source);
    test(arena, found.gl_pathv[i], source);
    arena_free(arena);
  }
  globfree(&found);
}

/* Where the mistakes are in the layout, files keep it: what a test expects is at those places. */
static void is_laid_out(Arena *arena, const char *path, const Source *source) {
  const char *text = formatted(arena, source->text);
  if (text == NULL || strstr(path, "/diagnostics/") != NULL) return;
  if (strcmp(text, source->text) != 0) fail_msg("dagc fmt would change %s", path);
}

static void models_are_laid_out(void **state) {
  (void)state;
  each_model(is_laid_out);
}

static uint32_t seed;
static int n_disturbed; /* that are still models */

static uint32_t random_below(uint32_t n) {
  seed = seed * 1664525 + 1013904223;
  return (uint32_t)(((uint64_t)(seed >> 8) * n) >> 24);
}

/* Blanks come and go, lines break and join, about once in so many characters. */
static const char *disturbed(Arena *arena, const char *text, uint32_t seldom) {
  static const char *const inserted[] = {" ", "  ", "\n", "\n\n", "\t", " # c\n"};
  Text out = text_new(arena);
  for (const char *c = text; *c != '\0'; c++) {
    bool blank = *c == ' ' || *c == '\n';
    uint32_t draw = random_below(seldom);
    if (blank && draw == 0) continue;
    if (blank && draw == 1) text_add(&out, *c == ' ' ? "\n" : " ");
    text_addn(&out, c, 1);
    if (draw == 2 && (blank || strchr(",()[]{}=+", *c) != NULL))
      text_add(&out, inserted[random_below(6)]);
  }
  return text_string(&out);
}

static size_t n_comments(const char *text) {
  size_t n = 0;
  for (; *text != '\0'; text++) n += *text == '#';
  return n;
}

/* What is still a model is laid out to a text that means the same (format_source sees to that), has
   as many comments, and is final. */
static void is_final(Arena *arena, const char *path, const Source *source) {
  for (uint32_t round = 0; round < 8; round++) {
    const char *text = disturbed(arena, source->text, 40 << round), *once = formatted(arena, text);
    if (once == NULL) continue;
    n_disturbed++;
    const char *twice = formatted(arena, once);
    if (twice == NULL || strcmp(once, twice) != 0 || n_comments(once) != n_comments(text)) {
      print_error("%s, disturbed:\n%s\nonce:\n%s\ntwice:\n%s\n", path, text, once,
                  twice == NULL ? "" : twice);
      fail();
    }
  }
}

static void layout_is_final(void **state) {
  (void)state;
  seed = 1;
  each_model(is_final);
  assert_true(n_disturbed > 800);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(blanks),
      cmocka_unit_test(lines),
      cmocka_unit_test(comments),
      cmocka_unit_test(columns),
      cmocka_unit_test(long_lines),
      cmocka_unit_test(mistakes),
      cmocka_unit_test(models_are_laid_out),
      cmocka_unit_test(layout_is_final),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
