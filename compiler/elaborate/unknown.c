/* Names that are not known, and what was probably meant by them. */
#include <string.h>
#include "elaborate/elaborator.h"

/* --- defined elsewhere --- */

typedef struct Elsewhere {
  Span span;
  const Stmt *block; /* `repeat` or `if` around it, NULL */
} Elsewhere;

static bool find_in_block(const StmtBlock *body, const char *name, const Stmt *block,
                          Elsewhere *found);

static bool declares(const Stmt *stmt, const char *name) {
  bool declaration = stmt->kind == STMT_DIM || stmt->kind == STMT_CONST ||
                     stmt->kind == STMT_INPUT || stmt->kind == STMT_PARAM ||
                     stmt->kind == STMT_STATE;
  return declaration && strcmp(stmt->name, name) == 0;
}

static bool find_in_statement(const Stmt *stmt, const char *name, const Stmt *block,
                              Elsewhere *found) {
  *found = (Elsewhere){stmt->name_span, block};
  if (declares(stmt, name)) return true;
  for (size_t i = 0; i < stmt->n_targets; i++) {
    found->span = stmt->targets[i].span;
    if (strcmp(stmt->targets[i].name, name) == 0) return true;
  }
  if (stmt->kind != STMT_REPEAT && stmt->kind != STMT_IF && stmt->kind != STMT_SCAN) return false;
  const Stmt *inner = stmt->kind == STMT_SCAN ? block : stmt;
  return find_in_block(&stmt->body, name, inner, found) ||
         find_in_block(&stmt->otherwise, name, inner, found);
}

static bool find_in(const Stmt *const *items, size_t n, const char *name, const Stmt *block,
                    Elsewhere *found) {
  for (size_t i = 0; i < n; i++)
    if (find_in_statement(items[i], name, block, found)) return true;
  return false;
}

static bool find_in_block(const StmtBlock *body, const char *name, const Stmt *block,
                          Elsewhere *found) {
  return find_in((const Stmt *const *)body->items, body->count, name, block, found);
}

/* The statement that defines the name where it is not known: below, or inside a block. */
static bool explain_elsewhere(Elaborator *e, const Scope *scope, const char *name, Span use) {
  Elsewhere found;
  const StmtBlock *body = scope->function == NULL ? NULL : &scope->function->body;
  bool inside = body != NULL && find_in_block(body, name, NULL, &found);
  if (!inside && !find_in(e->statements.items, e->statements.count, name, NULL, &found))
    return false;
  diag_note(e->diag, found.span, "`%s` is defined here", name);
  bool above = found.span.source == use.source && found.span.line < use.line;
  if (found.block == NULL || !above)
    diag_hint(e->diag, "a name is defined above its use");
  else if (found.block->kind == STMT_REPEAT)
    diag_hint(e->diag, "what `repeat` defines stays inside; a name that is bound above it and "
                       "assigned inside carries over");
  else
    diag_hint(e->diag, "this branch of `if` is not taken");
  return true;
}

/* --- other languages --- */

static const char *habit(const char *name) {
  static const char *const habits[][2] = {
      {"True", "it is written `true`"},
      {"False", "it is written `false`"},
      {"None", "an argument that is not given is left out"},
      {"ln", "the natural logarithm is log(x)"},
      {"log2", "write log(x) / log(2)"},
      {"log10", "write log(x) / log(10)"},
      {"pow", "a power is written x^2"},
      {"power", "a power is written x^2"},
      {"fabs", "it is written abs(x)"},
      {"matmul", "a product of matrices is written a @ b"},
      {"mm", "a product of matrices is written a @ b"},
      {"bmm", "a product of matrices is written a @ b"},
      {"dot", "write a @ b, or sum[i](a[i] * b[i])"},
      {"einsum", "index notation is built in: c[i, j] = sum[k](a[i, k] * b[k, j])"},
      {"len", "size(x, 0) is the length of the first axis"},
      {"range", "a range is written 0..n"},
      {"arange", "the numbers from 0 are tensor[i: n](i)"},
      {"eye", "a diagonal is tensor[i: n, j: n](where(i == j, 1.0, 0.0))"},
      {"cat", "write concat([a, b], axis = 0)"},
      {"concatenate", "write concat([a, b], axis = 0)"},
      {"stack", "write tensor[k: 2, i](where(k == 0, a[i], b[i]))"},
      {"view", "write reshape(x, [B, -1])"},
      {"permute", "write transpose(x, [0, 2, 1])"},
      {"squeeze", "x[:, 0] takes an axis of size 1 away"},
      {"unsqueeze", "reshape(x, [B, 1, N]) adds an axis"},
      {"rand", "uniform() is a random number from 0 to 1, another at each point"},
      {"randn", "normal() is a random number, another at each point"},
      {"detach", "stop_gradient(x) is x without its derivative"},
      {"Linear", "the layer is dense(10)"},
      {"linear", "the layer is dense(10)"},
      {"print", "`report` in `train { … }` shows a number each epoch"},
      {"float", "the type is `real`: x: real[3] declares, real(x) converts"},
      {"double", "the type is f64"},
      {"float32", "the type is f32"},
      {"float64", "the type is f64"},
      {"float16", "the type is f16"},
      {"bfloat16", "the type is bf16"},
      {"int32", "the type is i32"},
      {"int64", "the type is i64"},
      {"long", "the type is i64"},
      {"int8", "the type is i8"},
      {"uint8", "the type is u8"},
      {"boolean", "the type is bool"},
      {"self", "a layer's params and inputs are ordinary names"},
  };
  for (size_t i = 0; i < sizeof habits / sizeof *habits; i++)
    if (strcmp(habits[i][0], name) == 0) return habits[i][1];
  return NULL;
}

/* np.exp, torch.relu: what stands behind the point. NULL: it is no such path. */
static const char *without_prefix(const char *path) {
  static const char *const prefixes[] = {"np.", "numpy.", "jnp.", "jax.", "torch.",
                                         "tf.", "F.",     "nn.",  "math."};
  for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
    if (strncmp(path, prefixes[i], strlen(prefixes[i])) == 0) return strrchr(path, '.') + 1;
  return NULL;
}

/* --- names that are near --- */

static void add_bound(const Scope *scope, const char **names, size_t *n, size_t capacity) {
  for (; scope != NULL; scope = scope->parent)
    for (size_t i = 0; i < scope->names.count && *n < capacity; i++)
      names[(*n)++] = scope->names.entries[i].key;
}

static const char *nearest_known(Elaborator *e, const Scope *scope, const char *name) {
  enum { CAPACITY = 4096 };
  const char **names = ARENA_ARRAY(e->arena, const char *, CAPACITY);
  size_t n = 0;
  add_bound(scope, names, &n, CAPACITY);
  for (int op = 0; op < N_SCALAR_OPS && n < CAPACITY; op++)
    if (scalar_ops[op].infix == NULL && scalar_ops[op].prefix == NULL)
      names[n++] = scalar_ops[op].name;
  static const char *const others[] = {"sum",     "prod",   "mean",       "argmax",    "argmin",
                                       "any",     "all",    "reshape",    "transpose", "concat",
                                       "zeros",   "ones",   "zeros_like", "one_hot",   "grad",
                                       "uniform", "normal", "jacobian",   "hessian",   "real"};
  for (size_t i = 0; i < sizeof others / sizeof *others && n < CAPACITY; i++)
    names[n++] = others[i];
  return nearest_name(name, names, n);
}

void hint_nearest(Elaborator *e, const char *name, const char *const *names, size_t n) {
  const char *near = nearest_name(name, names, n);
  Text all = text_new(e->arena);
  for (size_t i = 0; i < n; i++) text_printf(&all, "%s%s", i == 0 ? "" : ", ", names[i]);
  if (near != NULL)
    diag_hint(e->diag, "did you mean `%s`?", near);
  else if (n > 0 && n <= 12)
    diag_hint(e->diag, "there %s %s", n == 1 ? "is" : "are", text_string(&all));
}

void report_unknown_type(Elaborator *e, const char *name, Span span) {
  const char *names[N_STORED_TYPES + 2] = {"real", "int"};
  for (int t = 0; t < N_STORED_TYPES; t++) names[t + 2] = type_name((ScalarType)t);
  diag_error(e->diag, span, "there is no type `%s`", name);
  if (habit(name) != NULL)
    diag_hint(e->diag, "%s", habit(name));
  else
    hint_nearest(e, name, names, sizeof names / sizeof *names);
}

void report_unknown(Elaborator *e, const Scope *scope, const char *name, Span span) {
  diag_error(e->diag, span, "`%s` is not defined", name);
  if (explain_elsewhere(e, scope, name, span)) return;
  const char *plain = without_prefix(name);
  const char *hint = habit(plain == NULL ? name : plain);
  const char *near = nearest_known(e, scope, plain == NULL ? name : plain);
  if (hint != NULL)
    diag_hint(e->diag, "%s", hint);
  else if (near != NULL)
    diag_hint(e->diag, "did you mean `%s`?", near);
  else if (plain != NULL)
    diag_hint(e->diag, "functions stand without a module: exp(x), softmax(x)");
  else
    diag_hint(e->diag, "a name is defined above its use");
}
