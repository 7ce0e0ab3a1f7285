#include "read.h"
#include <glob.h>

static const char *printed_expression(Reading *r, const Ast *ast) {
  Text text = text_new(r->arena);
  print_ast(&text, ast);
  return text_string(&text);
}

static const char *printed_file(Reading *r, const File *file) {
  Text text = text_new(r->arena);
  print_file(&text, file);
  return text_string(&text);
}

static void only_needed_parentheses(void **state) {
  (void)state;
  /* a text alone is printed as it stands */
  static const char *const table[][2] = {
      {"a + b * c", NULL},
      {"(a + b) * c", NULL},
      {"((a) + (b * c))", "a + b * c"},
      {"a - (b - c)", NULL},
      {"(a - b) - c", "a - b - c"},
      {"a / (b * c)", NULL},
      {"a^b^c", NULL},
      {"a^(b^c)", "a^b^c"},
      {"(a^b)^c", NULL},
      {"-a^b", NULL},
      {"(-a)^b", NULL},
      {"a^-b", NULL},
      {"a^(-b^c)", "a^-b^c"},
      {"a^(b + c)", NULL},
      {"a^(b * c)", NULL},
      {"-(a + b)", NULL},
      {"-(a * b)", NULL},
      {"(-a) * b", "-a * b"},
      {"a * -b", NULL},
      {"a - -b", NULL},
      {"--a", NULL},
      {"(a < b) == (c < d)", NULL},
      {"not (a and b)", NULL},
      {"not (a == b)", "not a == b"},
      {"(not a) == b", NULL},
      {"(a or b) and c", NULL},
      {"a or (b and c)", "a or b and c"},
      {"(a |> f) + 1", NULL},
      {"a |> f(b) |> g", NULL},
      {"f(a |> g, k = b |> h)", NULL},
      {"(a |> f)[:, 0]", NULL},
      {"(a + b).c", NULL},
      {"(-a)(b)", NULL},
      {"(3)[i]", NULL},
      {"(3.5).x", NULL},
      {"(x[i] ?\? 0)^2", "x[i] ?\? 0^2"},
      {"x[i] ?\? -inf", NULL},
      {"x[i] ?\? (a + b)", NULL},
      {"x[i] ?\? -(-a)", NULL},
      {"x[i] ?\? (y[i] ?\? 0)", NULL},
      {"x[i] ?\? (3)", "x[i] ?\? 3"},
      {"K[i] * x[i] ?\? 0", NULL},
      {"[a, [b], []]", NULL},
      {"x[ : , 1 : , : 2 , 1 : 2 , a .. b , ... ]", "x[:, 1:, :2, 1:2, a..b, ...]"},
      {"sum[i:3, j:0..4](x[i:3])", "sum[i: 3, j: 0..4](x[i:3])"},
      {"u< -1", "u < -1"},
      {"2*p+i-1", "2 * p + i - 1"},
      {"where(a<b,true,false)", "where(a < b, true, false)"},
      {"m'", NULL},
      {"1e-3", "0.001"},
      {"1e22", "1e+22"},
      {"0.1", NULL},
      {"100.0", NULL},
      {"1e6", "1e+06"},
      {"123456789.0", NULL},
      {"\"a\\\"b\\\\c\\n\\x41\"", "\"a\\\"b\\\\c\\nA\""},
      {"\"\xC3\xA9 \\u00e9\"", "\"\xC3\xA9 \xC3\xA9\""},
      {"\"\\xff \\u00e9\"", "\"\\377 \\303\\251\""},
      {"\"\\0371\"", NULL},
  };
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
    Reading r;
    reading_start(&r);
    const char *text = table[i][0];
    const char *expected = table[i][1] == NULL ? text : table[i][1];
    const Ast *ast = read_expression(&r, text);
    assert_string_equal(printed_expression(&r, ast), expected);
    assert_true(ast_equal(ast, read_expression(&r, expected)));
    reading_end(&r);
  }
}

static void statements_have_one_layout(void **state) {
  (void)state;
  static const char text[] =
      "import \"a.dag\"; dim B=64 # batch\n\n\nconst real=f64\ninput x:u8[B,64]\n"
      "param block2[3].W:f32[]=0; state m=zeros_like(p)\n"
      "z[b,j:3]=sum[i](W[j,i]*x[b,i])\n(q,r[i])=f(x)\nmu<-mu+1\n"
      "fn f(x:real[...,N],k=1)=x\n  with grad(u)=u\n"
      "y.z with surrogate(u,a.b,c)=(u,1)\ny with grad(u,x) { t=u\nreturn t }\n"
      "fn g(x) { return x,1 }\nlayer l()(x) { if a { y=1 } else if b { y=2 } else { y=3 }\nreturn "
      "y }\n"
      "layer l2(n:int=3)(x) { repeat i in 0..n { x=f(x) }\nreturn x }\n"
      "optimizer o(p,g) { p<-p-g }\n"
      "scan t in 0..T,s in 1..S checkpoint 2\n with h=h0,c=c0 { h=f(h) }\n"
      "require a==b,\"why\"\nexport e(x,v)=f(x),mu<-g\n where B=1,T=2\n"
      "train { minimize a+b; with adam(lr=1e-3)\nwith sgd() on h,f.W; report ([a][0]),b\n"
      "data x=\"x.csv\"[1:65],y=windows(\"y\",3); W<-W-g }\nfn h() { }\n";
  static const char layout[] =
      "import \"a.dag\"\ndim B = 64\nconst real = f64\ninput x: u8[B, 64]\n"
      "param block2[3].W: f32[] = 0\nstate m = zeros_like(p)\n"
      "z[b, j: 3] = sum[i](W[j, i] * x[b, i])\n(q, r[i]) = f(x)\nmu <- mu + 1\n"
      "fn f(x: real[..., N], k = 1) = x with grad(u) = u\n"
      "y.z with surrogate(u, a.b, c) = (u, 1)\n"
      "\ny with grad(u, x) {\n  t = u\n  return t\n}\n"
      "\nfn g(x) {\n  return x, 1\n}\n"
      "\nlayer l()(x) {\n  if a {\n    y = 1\n  } else if b {\n    y = 2\n  } else {\n    y = 3\n"
      "  }\n  return y\n}\n"
      "\nlayer l2(n: int = 3)(x) {\n  repeat i in 0..n {\n    x = f(x)\n  }\n  return x\n}\n"
      "\noptimizer o(p, g) {\n  p <- p - g\n}\n"
      "\nscan t in 0..T, s in 1..S checkpoint 2 with h = h0, c = c0 {\n  h = f(h)\n}\n"
      "\nrequire a == b, \"why\"\nexport e(x, v) = f(x), mu <- g where B = 1, T = 2\n"
      "\ntrain {\n  minimize a + b\n  with adam(lr = 0.001)\n  with sgd() on h, f.W\n"
      "  report ([a][0]), b\n"
      "  data x = \"x.csv\"[1:65], y = windows(\"y\", 3)\n  W <- W - g\n}\n"
      "\nfn h() {\n}\n";
  Reading r;
  reading_start(&r);
  const File *file = read_right(&r, text);
  assert_string_equal(printed_file(&r, file), layout);
  const File *again = read_right(&r, layout);
  assert_true(file_equal(file, again));
  assert_string_equal(printed_file(&r, again), layout);
  reading_end(&r);
}

/* Each pair differs in one thing, which equality must see. */
static void equality_sees_differences(void **state) {
  (void)state;
  static const char *const table[][2] = {
      {"x = 1", "y = 1"},
      {"x = 1", "x = 2"},
      {"x = 1", "x = 1.0"},
      {"x = 1.0", "x = 2.0"},
      {"x = a", "x = a'"},
      {"x = \"a\"", "x = \"b\""},
      {"x = true", "x = false"},
      {"x = -a", "x = not a"},
      {"x = a + b", "x = a - b"},
      {"x = a + b", "x = b + a"},
      {"x = a.b", "x = a.c"},
      {"x = f(a)", "x = f(k = a)"},
      {"x = f(a)", "x = f(a, a)"},
      {"x = a[1:2]", "x = a[1..2]"},
      {"x = a[1:]", "x = a[:1]"},
      {"x = a[i: 1..2]", "x = a[i: 1..3]"},
      {"x = a ?\? 0", "x = a ?\? 1"},
      {"x = [a]", "x = [b]"},
      {"x = a |> f", "x = a |> g"},
      {"x[i] = 1", "x[j] = 1"},
      {"x = 1", "x[i] = 1"},
      {"(x, y) = 1", "(x, z) = 1"},
      {"x <- 1", "x = 1"},
      {"x <- 1", "y <- 1"},
      {"input x: f32", "input x: f64"},
      {"input x: f32", "input x: f32[]"},
      {"input x: f32[1]", "input x: f32[2]"},
      {"dim x = 1", "const x = 1"},
      {"fn f(x) = 1", "fn f(y) = 1"},
      {"fn f(x) = 1", "fn f(x = 1) = 1"},
      {"fn f(x) = 1", "fn f(x: int) = 1"},
      {"fn f(x) = 1 with grad(u) = 1", "fn f(x) = 1 with grad(v) = 1"},
      {"fn f(x) = 1 with grad(u) = 1", "fn f(x) = 1 with grad(u) = 2"},
      {"fn f(x) = 1 with grad(u) = 1", "fn f(x) = 1 with surrogate(u) = 1"},
      {"fn f(x) = 1 with grad(u) = 1", "fn f(x) = 1 with grad(u, x) = 1"},
      {"fn f(x) = 1 with grad(u) = 1", "fn f(x) = 1 with grad(u) = (1, 1)"},
      {"fn f(x) = 1 with grad(u) { }", "fn f(x) = 1 with grad(u) { t = 1 }"},
      {"y with grad(u, x) = 1", "z with grad(u, x) = 1"},
      {"fn f() { return 1 }", "fn f() { return 2 }"},
      {"fn f() { return 1 }", "fn f() { return 1, 1 }"},
      {"fn f() { }", "fn f() { x = 1 }"},
      {"layer f()(x) { }", "layer f(x) { }"},
      {"layer f(a)(x) { }", "layer f(b)(x) { }"},
      {"repeat i in 0..3 { }", "repeat j in 0..3 { }"},
      {"repeat i in 0..3 { }", "repeat i in 1..3 { }"},
      {"scan i in 0..3 { }", "scan i in 0..3, j in 0..3 { }"},
      {"scan i in 0..3 { }", "scan i in 0..3 checkpoint 2 { }"},
      {"scan i in 0..3 with a = 1 { }", "scan i in 0..3 with b = 1 { }"},
      {"if a { }", "if b { }"},
      {"if a { }", "if a { } else { }"},
      {"if a { } else { x = 1 }", "if a { } else { x = 2 }"},
      {"require a, \"a\"", "require a, \"b\""},
      {"import \"a\"", "import \"b\""},
      {"export e() = 1", "export e() = m <- 1"},
      {"export e() = m <- 1", "export e() = n <- 1"},
      {"export e() = 1", "export e() = 1 where B = 1"},
      {"train { with a }", "train { with a on b }"},
      {"train { with a on b }", "train { with a on c }"},
      {"train { steps 1 }", "train { epochs 1 }"},
  };
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
    Reading r;
    reading_start(&r);
    const File *a = read_right(&r, table[i][0]), *b = read_right(&r, table[i][1]);
    if (file_equal(a, b)) fail_msg("%s and %s are equal", table[i][0], table[i][1]);
    assert_true(file_equal(a, read_right(&r, table[i][0])));
    reading_end(&r);
  }
}

/* Every .dag file of the repository, and every dump that is one. */
static void files_are_read_again(void **state) {
  (void)state;
  static const char *const patterns[] = {"/prelude/*.dag", "/examples/*/*.dag",
                                         "/tests/golden/*.dag", "/tests/golden/*.ir.golden",
                                         "/tests/golden/*.grad.golden",
                                         "/tests/models/*/*.dag"};
  for (size_t k = 0; k < sizeof patterns / sizeof patterns[0]; k++) {
    char pattern[1024];
    snprintf(pattern, sizeof pattern, "%s%s", ROOT, patterns[k]);
    glob_t files;
    assert_int_equal(glob(pattern, 0, NULL, &files), 0);
    for (size_t i = 0; i < files.gl_pathc; i++) {
      Reading r;
      reading_start(&r);
      const Source *source = source_read(r.arena, r.diag, files.gl_pathv[i], span_none());
      assert_non_null(source);
      const File *file = parse_file(r.arena, r.diag, source);
      if (diag_errors(r.diag) > 0) fail_msg("%s", reading_messages(&r));
      const char *text = printed_file(&r, file);
      const File *again = read_right(&r, text);
      assert_true(file_equal(file, again));
      assert_string_equal(printed_file(&r, again), text);
      reading_end(&r);
    }
    globfree(&files);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(only_needed_parentheses),
      cmocka_unit_test(statements_have_one_layout),
      cmocka_unit_test(equality_sees_differences),
      cmocka_unit_test(files_are_read_again),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
