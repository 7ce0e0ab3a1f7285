#include "read.h"

/* --- the tree as text with every operation in parentheses, written apart from print_ast --- */

static void add_shape(Text *out, const Ast *ast);

static void add_items(Text *out, const Ast *ast) {
  for (size_t i = 0; i < ast->n_items; i++) {
    const Item *item = &ast->items[i];
    static const char *const kinds[] = {[ITEM_EXPR] = "",
                                        [ITEM_SLICE] = "slice:",
                                        [ITEM_RANGE] = "range:",
                                        [ITEM_IN_RANGE] = "in:",
                                        [ITEM_ELLIPSIS] = "..."};
    const Ast *const parts[] = {item->first, item->second, item->third};
    text_printf(out, " %s", kinds[item->kind]);
    for (int k = 0; k < 3; k++) {
      if (k > 0 && item->kind != ITEM_EXPR) text_add(out, ",");
      if (parts[k] != NULL) add_shape(out, parts[k]);
    }
  }
}

static void add_shape(Text *out, const Ast *ast) {
  static const char *const operators[] = {
      [BINARY_ADD] = "+", [BINARY_SUB] = "-", [BINARY_MUL] = "*",    [BINARY_DIV] = "/",
      [BINARY_MOD] = "%", [BINARY_POW] = "^", [BINARY_MATMUL] = "@", [BINARY_EQ] = "==",
      [BINARY_NE] = "!=", [BINARY_LT] = "<",  [BINARY_LE] = "<=",    [BINARY_GT] = ">",
      [BINARY_GE] = ">=", [BINARY_AND] = "&", [BINARY_OR] = "|"};
  switch (ast->kind) {
  case AST_INT: text_printf(out, "%lld", (long long)ast->integer); return;
  case AST_REAL: text_printf(out, "r%g", ast->real); return;
  case AST_BOOL: text_add(out, ast->boolean ? "T" : "F"); return;
  case AST_STRING: text_printf(out, "'%s'", ast->string); return;
  case AST_NAME: text_add(out, ast->name); return;
  case AST_UNARY: text_add(out, ast->unary == UNARY_NEG ? "(neg" : "(not"); break;
  case AST_BINARY: text_printf(out, "(%s", operators[ast->binary]); break;
  case AST_FIELD: text_printf(out, "(.%s", ast->name); break;
  case AST_PIPE: text_add(out, "(|>"); break;
  case AST_CALL: text_add(out, "(call"); break;
  case AST_INDEX: text_add(out, "(index"); break;
  case AST_DEFAULT: text_add(out, "(?\?"); break;
  case AST_LIST: text_add(out, "(list"); break;
  }
  const Ast *const operands[] = {ast->operand, ast->right};
  for (int i = 0; i < 2; i++) {
    if (operands[i] == NULL) continue;
    text_add(out, " ");
    add_shape(out, operands[i]);
  }
  for (size_t i = 0; i < ast->n_args; i++) {
    text_printf(out, " %s%s", ast->args[i].name == NULL ? "" : ast->args[i].name,
                ast->args[i].name == NULL ? "" : "=");
    add_shape(out, ast->args[i].value);
  }
  add_items(out, ast);
  text_add(out, ")");
}

static void expect_shape(const Ast *ast, const char *shape, Arena *arena) {
  Text text = text_new(arena);
  add_shape(&text, ast);
  assert_string_equal(text_string(&text), shape);
}

static void operators_bind_as_written(void **state) {
  (void)state;
  static const char *const table[][2] = {
      /* each level against the next */
      {"a or b |> f", "(|> (| a b) f)"},
      {"a or b and c", "(| a (& b c))"},
      {"a and not b", "(& a (not b))"},
      {"not a and b", "(& (not a) b)"},
      {"not a == b", "(not (== a b))"},
      {"a + b < c - d", "(< (+ a b) (- c d))"},
      {"a + b * c", "(+ a (* b c))"},
      {"a * b + c", "(+ (* a b) c)"},
      {"-a * b", "(* (neg a) b)"},
      {"a * -b", "(* a (neg b))"},
      {"-a^b", "(neg (^ a b))"},
      {"a^-b", "(^ a (neg b))"},
      {"a^-b^c", "(^ a (neg (^ b c)))"},
      {"a[i] ?\? 0^2", "(^ (?\? (index a i) 0) 2)"},
      {"a[i] ?\? -b(c)", "(?\? (index a i) (neg (call b c)))"},
      {"K[i] * x[i] ?\? 0", "(* (index K i) (?\? (index x i) 0))"},
      {"-x.y ?\? 0", "(neg (?\? (.y x) 0))"},
      /* left and right */
      {"a |> f |> g", "(|> (|> a f) g)"},
      {"a or b or c", "(| (| a b) c)"},
      {"a - b - c", "(- (- a b) c)"},
      {"a / b * c % d @ e", "(@ (% (* (/ a b) c) d) e)"},
      {"a^b^c", "(^ a (^ b c))"},
      {"- - a", "(neg (neg a))"},
      {"not not a", "(not (not a))"},
      {"(a - (b - c))", "(- a (- b c))"},
      {"(a |> f)(b)", "(call (|> a f) b)"},
      /* comparisons */
      {"a == b", "(== a b)"},
      {"a != b", "(!= a b)"},
      {"a <= b", "(<= a b)"},
      {"a > b", "(> a b)"},
      {"a >= b", "(>= a b)"},
      {"(a < b) == (c < d)", "(== (< a b) (< c d))"},
      /* calls, brackets, fields */
      {"f(a)(b).c[d]", "(index (.c (call (call f a) b)) d)"},
      {"f()", "(call f)"},
      {"f(a, k = 1, l = b or c)", "(call f a k=1 l=(| b c))"},
      {"where(a, b, c)", "(call where a b c)"},
      {"sum[i: 3, j: 0..4](x[i, j])", "(call (index sum slice:i,3, in:j,0,4) (index x i j))"},
      {"tensor[i](e)", "(call (index tensor i) e)"},
      {"x[:, 1:, :2, 1:2, a..b, ...]",
       "(index x slice:,, slice:1,, slice:,2, slice:1,2, range:a,b, ...,,)"},
      {"x[t[i], -1, 2*p + i]", "(index x (index t i) (neg 1) (+ (* 2 p) i))"},
      {"[a, [b], []]", "(list a (list b) (list))"},
      {"\"f.csv\"[1:65]", "(index 'f.csv' slice:1,65,)"},
      {"true and false", "(& T F)"},
      {"m' / 1.5", "(/ m' r1.5)"},
  };
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
    Reading r;
    reading_start(&r);
    expect_shape(read_expression(&r, table[i][0]), table[i][1], r.arena);
    reading_end(&r);
  }
}

/* --- statements --- */

static const Stmt *only_statement(Reading *r, const char *text) {
  const File *file = read_right(r, text);
  assert_int_equal(file->body.count, 1);
  return file->body.items[0];
}

static void declarations(void **state) {
  (void)state;
  Reading r;
  reading_start(&r);
  const File *file = read_right(&r, "dim B = 64\nconst real = f64\ninput x: u8[B, ..., 2*N]\n"
                                    "input s: f32\nparam dense1.W: f32[] = glorot(3, 4)\n"
                                    "param block2[3].attention1.Wq: f32[8] = 0\n"
                                    "state mu: real[C] = 0\nstate m = zeros_like(p)\n");
  static const StmtKind kinds[] = {STMT_DIM,   STMT_CONST, STMT_INPUT, STMT_INPUT,
                                   STMT_PARAM, STMT_PARAM, STMT_STATE, STMT_STATE};
  static const char *const names[] = {"B",  "real", "x", "s", "dense1.W", "block2[3].attention1.Wq",
                                      "mu", "m"};
  assert_int_equal(file->body.count, 8);
  for (size_t i = 0; i < 8; i++) {
    assert_int_equal(file->body.items[i]->kind, kinds[i]);
    assert_string_equal(file->body.items[i]->name, names[i]);
  }
  Stmt *const *items = file->body.items;
  expect_shape(items[0]->value, "64", r.arena);
  assert_int_equal(items[1]->value->kind, AST_NAME);
  assert_string_equal(items[2]->type->name, "u8");
  assert_true(items[2]->type->has_brackets);
  assert_int_equal(items[2]->type->n_items, 3);
  assert_int_equal(items[2]->type->items[1].kind, ITEM_ELLIPSIS);
  assert_false(items[3]->type->has_brackets);
  assert_true(items[4]->type->has_brackets);
  assert_int_equal(items[4]->type->n_items, 0);
  expect_shape(items[4]->value, "(call glorot 3 4)", r.arena);
  assert_int_equal(items[5]->name_span.end_column, 30);
  assert_null(items[7]->type);
  reading_end(&r);
}

static void definitions(void **state) {
  (void)state;
  Reading r;
  reading_start(&r);
  const Stmt *stmt = only_statement(&r, "(dense1.z[b, j: 3, ...], h[2].q) = f(x)");
  assert_int_equal(stmt->kind, STMT_DEFINE);
  assert_int_equal(stmt->n_targets, 2);
  assert_string_equal(stmt->targets[0].name, "dense1.z");
  assert_int_equal(stmt->targets[0].n_items, 3);
  assert_int_equal(stmt->targets[0].items[1].kind, ITEM_SLICE);
  assert_int_equal(stmt->targets[0].items[2].kind, ITEM_ELLIPSIS);
  assert_string_equal(stmt->targets[1].name, "h[2].q");
  assert_false(stmt->targets[1].has_brackets);
  stmt = only_statement(&r, "z[b] = 1");
  assert_int_equal(stmt->n_targets, 1);
  assert_true(stmt->targets[0].has_brackets);
  stmt = only_statement(&r, "dense1.W <- dense1.W - g");
  assert_int_equal(stmt->kind, STMT_UPDATE);
  expect_shape(stmt->target, "(.W dense1)", r.arena);
  expect_shape(stmt->value, "(- (.W dense1) g)", r.arena);
  reading_end(&r);
}

static void functions(void **state) {
  (void)state;
  Reading r;
  reading_start(&r);
  const Stmt *fn =
      only_statement(&r, "fn f(x: real[..., N], k = 1, y: int = 2) = x with grad(u) = k*u");
  assert_int_equal(fn->kind, STMT_FN);
  assert_string_equal(fn->name, "f");
  assert_int_equal(fn->n_params, 3);
  assert_non_null(fn->params[0].type);
  assert_null(fn->params[0].value);
  assert_null(fn->params[1].type);
  expect_shape(fn->params[2].value, "2", r.arena);
  assert_string_equal(fn->rule->seed, "u");
  assert_int_equal(fn->rule->n_values, 1);
  expect_shape(fn->rule->values[0], "(* k u)", r.arena);
  fn = only_statement(&r, "fn f() {\n  y = 1\n  return y, 2\n}\nwith grad(u) = u");
  assert_null(fn->value);
  assert_int_equal(fn->body.count, 2);
  assert_int_equal(fn->body.items[1]->kind, STMT_RETURN);
  assert_int_equal(fn->body.items[1]->n_args, 2);
  assert_non_null(fn->rule);
  assert_int_equal(fn->span.end_line, 1); /* the head */
  const Stmt *layer = only_statement(&r, "layer f(units: int)(x, y) { return x }");
  assert_int_equal(layer->kind, STMT_LAYER);
  assert_true(layer->has_hyper);
  assert_int_equal(layer->n_hyper, 1);
  assert_int_equal(layer->n_params, 2);
  layer = only_statement(&r, "layer f()(x) { return x }");
  assert_true(layer->has_hyper);
  assert_int_equal(layer->n_hyper, 0);
  layer = only_statement(&r, "layer f(x) { return x }");
  assert_false(layer->has_hyper);
  assert_int_equal(layer->n_params, 1);
  const Stmt *optimizer = only_statement(&r, "optimizer sgd(lr = 1e-3)(p, g) { p <- p - lr * g }");
  assert_int_equal(optimizer->kind, STMT_OPTIMIZER);
  assert_int_equal(optimizer->body.items[0]->kind, STMT_UPDATE);
  reading_end(&r);
}

static void blocks(void **state) {
  (void)state;
  Reading r;
  reading_start(&r);
  const Stmt *stmt = only_statement(&r, "repeat l in 0..L - 1 { x = f(x) }");
  assert_int_equal(stmt->kind, STMT_REPEAT);
  assert_int_equal(stmt->n_iterators, 1);
  assert_string_equal(stmt->iterators[0].name, "l");
  expect_shape(stmt->iterators[0].to, "(- L 1)", r.arena);
  stmt = only_statement(&r, "scan i in 0..N, j in 1..M checkpoint 2*k\n with h = h0, c = c0 { }");
  assert_int_equal(stmt->kind, STMT_SCAN);
  assert_int_equal(stmt->n_iterators, 2);
  expect_shape(stmt->checkpoint, "(* 2 k)", r.arena);
  assert_int_equal(stmt->n_carried, 2);
  assert_string_equal(stmt->carried[1].name, "c");
  assert_int_equal(stmt->body.count, 0);
  stmt = only_statement(&r, "if a { x = 1 } else if b { x = 2 } else { x = 3; y = 4 }");
  assert_int_equal(stmt->kind, STMT_IF);
  assert_true(stmt->has_otherwise);
  assert_int_equal(stmt->otherwise.count, 1);
  const Stmt *inner = stmt->otherwise.items[0];
  assert_int_equal(inner->kind, STMT_IF);
  expect_shape(inner->value, "b", r.arena);
  assert_int_equal(inner->otherwise.count, 2);
  stmt = only_statement(&r, "if not bias { return z }");
  assert_false(stmt->has_otherwise);
  reading_end(&r);
}

static void exports_and_checks(void **state) {
  (void)state;
  Reading r;
  reading_start(&r);
  const Stmt *stmt = only_statement(&r, "require D % h == 0, \"why\"");
  assert_int_equal(stmt->kind, STMT_REQUIRE);
  expect_shape(stmt->value, "(== (% D h) 0)", r.arena);
  assert_string_equal(stmt->message->string, "why");
  stmt = only_statement(&r, "import \"a/b.dag\"");
  assert_int_equal(stmt->kind, STMT_IMPORT);
  assert_string_equal(stmt->value->string, "a/b.dag");
  stmt =
      only_statement(&r, "export f(x, v) = where(a, b, c),\n  f.mu <- g(x) where B = 1, T = 2*K");
  assert_int_equal(stmt->kind, STMT_EXPORT);
  assert_int_equal(stmt->n_params, 2);
  assert_int_equal(stmt->n_results, 2);
  assert_null(stmt->results[0].target);
  expect_shape(stmt->results[1].target, "(.mu f)", r.arena);
  assert_int_equal(stmt->n_args, 2);
  assert_string_equal(stmt->args[1].name, "T");
  reading_end(&r);
}

static void training(void **state) {
  (void)state;
  Reading r;
  reading_start(&r);
  const Stmt *train = only_statement(
      &r, "train {\n  minimize a + b\n  with adam(lr = 1e-3)\n  with sgd() on head, first.W\n"
          "  epochs 20; freeze f.W, g\n  report (x |> f), y\n"
          "  data x = \"x.csv\"[1:65], y = windows(\"y.txt\", 32)\n"
          "  W <- W - g\n  block[3].W <- 0\n  seed <- seed + 1\n  seed 7\n}");
  assert_int_equal(train->kind, STMT_TRAIN);
  static const struct {
    StmtKind kind;
    const char *name;
    size_t n_args, n_on;
  } expected[] = {
      {STMT_CLAUSE, "minimize", 1, 0}, {STMT_CLAUSE, "with", 1, 0},   {STMT_CLAUSE, "with", 1, 2},
      {STMT_CLAUSE, "epochs", 1, 0},   {STMT_CLAUSE, "freeze", 2, 0}, {STMT_CLAUSE, "report", 2, 0},
      {STMT_CLAUSE, "data", 2, 0},     {STMT_UPDATE, NULL, 0, 0},     {STMT_UPDATE, NULL, 0, 0},
      {STMT_UPDATE, NULL, 0, 0},       {STMT_CLAUSE, "seed", 1, 0}};
  assert_int_equal(train->body.count, sizeof expected / sizeof expected[0]);
  for (size_t i = 0; i < train->body.count; i++) {
    const Stmt *item = train->body.items[i];
    assert_int_equal(item->kind, expected[i].kind);
    if (expected[i].name != NULL) assert_string_equal(item->name, expected[i].name);
    assert_int_equal(item->n_args, expected[i].n_args);
    assert_int_equal(item->n_on, expected[i].n_on);
  }
  expect_shape(train->body.items[2]->on[1], "(.W first)", r.arena);
  assert_string_equal(train->body.items[6]->args[0].name, "x");
  expect_shape(train->body.items[8]->target, "(.W (index block 3))", r.arena);
  reading_end(&r);
}

static void clause_words_are_names_elsewhere(void **state) {
  (void)state;
  Reading r;
  reading_start(&r);
  const File *file =
      read_right(&r, "minimize = 1\ndata[i] = on[i] + checkpoint\nparam seed: real = 0\n"
                     "fn steps(report) = report\nscan checkpoint in 0..on { }\n");
  assert_int_equal(file->body.count, 5);
  reading_end(&r);
}

/* --- nesting --- */

static char *repeated(Arena *arena, const char *before, const char *part, int n, const char *middle,
                      const char *closing) {
  Text text = text_new(arena);
  text_add(&text, before);
  for (int i = 0; i < n; i++) text_add(&text, part);
  text_add(&text, middle);
  for (int i = 0; i < n; i++) text_add(&text, closing);
  text_add(&text, "\n");
  return arena_strdup(arena, text_string(&text));
}

static void nesting_is_limited(void **state) {
  (void)state;
  static const struct {
    const char *before, *part;
    int most;
    const char *middle, *closing;
  } table[] = {
      {"x = ", "(", 500, "1", ")"},
      {"x = ", "f(", 500, "1", ")"},
      {"x = ", "[", 500, "1", "]"},
      {"x = y", "[y", 500, "", "]"},
      {"", "if a {\n", 500, "x = 1\n", "}\n"},
      {"x = ", "-", 1999, "1", ""},
      {"x = ", "not ", 1999, "a", ""},
      {"x = ", "2^", 1999, "1", ""},
      {"x = ", "1 + ", 1999, "1", ""},
      {"x = ", "a |> ", 1999, "f", ""},
      {"x = f", "(1)", 1999, "", ""},
      {"x = f", ".a", 1999, "", ""},
      {"if a { }", " else if a { }", 500, "", ""},
  };
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
    for (int factor = 0; factor < 4;
         factor++) { /* the most; one more; many; past the parser's stack */
      int n = factor == 0   ? table[i].most
              : factor == 1 ? table[i].most + 1
              : factor == 2 ? 40 * table[i].most
                            : 250000;
      Reading r;
      reading_start(&r);
      const char *text =
          repeated(r.arena, table[i].before, table[i].part, n, table[i].middle, table[i].closing);
      const File *file = read_file(&r, text);
      if ((diag_errors(r.diag) > 0) != (factor > 0))
        fail_msg("%d of `%s`: %d errors", n, table[i].part, diag_errors(r.diag));
      const char *messages = reading_messages(&r);
      if (factor > 0 && strstr(messages, "nested") == NULL) fail_msg("%s", messages);
      if (factor == 0) {
        Text printed = text_new(r.arena);
        print_file(&printed, file);
        assert_true(file_equal(file, read_right(&r, text_string(&printed))));
      }
      reading_end(&r);
    }
}

/* --- after a mistake --- */

/* The lines of the errors, as "3 7". */
static const char *error_lines(Reading *r) {
  Text out = text_new(r->arena);
  for (const char *at = reading_messages(r); (at = strstr(at, "m.dag:")) != NULL; at++) {
    int line, column, length = 0;
    sscanf(at, "m.dag:%d:%d: error:%n", &line, &column, &length);
    if (length > 0) text_printf(&out, "%s%d", out.length > 0 ? " " : "", line);
  }
  return text_string(&out);
}

static void mistakes_are_independent(void **state) {
  (void)state;
  static const struct {
    const char *text, *lines;
    size_t statements; /* that are right */
  } table[] = {
      {"x = 1 1\ny = 2\nz = 3 3\n", "1 3", 1},
      {"x = f(a b,\n  c d)\ny = 2 2\n", "1 3", 0},
      /* a bracket that is missing: what follows at the margin is a statement again */
      {"x = f(a, b\ny = 2\nz = 3 3\n", "2 3", 1},
      {"x = f(a,\n  b\nparam W: real = 0\nz = 3 3\n", "1 4", 1},
      {"x = (a]\ny = 2 2\n", "1 2", 0},
      {"x = [1, 2\n\nfn f() { return 1 }\n", "1", 1},
      {"x = f(a; y = 2 2\nz = 3 3", "1 1 2", 0},
      /* what a head's block holds is passed over */
      {"layer f(x:: real) {\n  y = 2 2\n  if a { }\n}\nz = 3 3\n", "1 5", 0},
      {"layer f(x) {\n  y = 2 2\n  z = 3 3\n  return z\n}\nu = 4 4\n", "2 3 6", 1},
      {"x = {\n y = 2 2\n}\nz = 3 3\n", "1 4", 0},
      /* blocks without end and ends without block */
      {"}\nx = 1\n", "1", 1},
      {"fn f() {\n  x = 1\n", "1", 1},
      {"fn f() {\n  if a {\n  x = (1\n", "3 2", 1},
      {"train {\n minimise x\n epochs = 3\n epochs 3 3\n with f off a\n}\n", "2 3 4 5", 1},
      /* a mistake in a word says nothing about the sentence */
      {"x = 1 $ 2\ny = $\nz = 3 3\n", "1 2", 0},
      {"x = 2x 3\ny = .5 .5", "1 2 2", 0},
      {"x =\nparam y: real = 0\n", "2", 1},
  };
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
    Reading r;
    reading_start(&r);
    const File *file = read_file(&r, table[i].text);
    if (strcmp(error_lines(&r), table[i].lines) != 0)
      fail_msg("%s\nexpected errors in lines %s\n%s", table[i].text, table[i].lines,
               reading_messages(&r));
    if (file->body.count != table[i].statements)
      fail_msg("%s\n%zu statements", table[i].text, file->body.count);
    reading_end(&r);
  }
}

static void stops_at_twenty(void **state) {
  (void)state;
  Reading r;
  reading_start(&r);
  read_file(&r, repeated(r.arena, "", "x = 1 1\n", 100, "", ""));
  assert_int_equal(diag_errors(r.diag), DIAG_MAX_ERRORS);
  reading_end(&r);
}

/* --- sources --- */

static void sources_are_read_or_refused(void **state) {
  (void)state;
  Reading r;
  reading_start(&r);
  assert_null(source_read(r.arena, r.diag, "/nowhere/m.dag", span_none()));
  assert_null(source_read(r.arena, r.diag, "/", span_none()));
  const Source *from = source_from_text(r.arena, "m.dag", "import \"a\"\n", 11);
  assert_null(source_read(r.arena, r.diag, "/nowhere/a.dag", (Span){from, 1, 8, 1, 11}));
  char path[] = "/tmp/dagc-test-XXXXXX";
  FILE *file = fdopen(mkstemp(path), "wb");
  for (int i = 0; i < 3000000; i++) fputc('\n', file);
  fclose(file);
  assert_null(source_read(r.arena, r.diag, path, span_none()));
  file = fopen(path, "wb");
  fwrite("x = 1\0\n", 1, 7, file);
  fclose(file);
  const Source *source = source_read(r.arena, r.diag, path, span_none());
  remove(path);
  assert_non_null(source);
  assert_int_equal(source->length, 7);
  assert_memory_equal(source->text, "x = 1\0\n", 8);
  assert_string_equal(
      reading_messages(&r),
      arena_printf(r.arena,
                   "dagc: error: cannot read /nowhere/m.dag: No such file or directory\n"
                   "dagc: error: cannot read /: it is a folder\n"
                   "m.dag:1:8: error: cannot read /nowhere/a.dag: No such file or directory\n"
                   "    1 | import \"a\"\n"
                   "      |        ^^^\n"
                   "dagc: error: cannot read %s: it is larger than 2 MiB, which no model "
                   "should be\n",
                   path));
  reading_end(&r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(operators_bind_as_written),
      cmocka_unit_test(declarations),
      cmocka_unit_test(definitions),
      cmocka_unit_test(functions),
      cmocka_unit_test(blocks),
      cmocka_unit_test(exports_and_checks),
      cmocka_unit_test(training),
      cmocka_unit_test(clause_words_are_names_elsewhere),
      cmocka_unit_test(nesting_is_limited),
      cmocka_unit_test(mistakes_are_independent),
      cmocka_unit_test(stops_at_twenty),
      cmocka_unit_test(sources_are_read_or_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
