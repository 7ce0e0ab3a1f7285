/* Which name means what: a text is shown with the line of its definition behind each name, `x@1`;
   `@prelude` for those of the prelude. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "lsp/names.h"
#include "support/text.h"

static const Occurrence *occurrence_ending(const Names *names, uint32_t line, uint32_t column) {
  for (size_t i = 0; i < names->occurrences.count; i++) {
    const Occurrence *o = &names->occurrences.items[i];
    if (o->span.end_line == line && o->span.end_column == column) return o;
  }
  return NULL;
}

static const char *annotated(Arena *arena, const char *text) {
  const Source *source = source_from_text(arena, "a.dag", text, strlen(text));
  const File *file = parse_file(arena, diag_new(arena, NULL), source);
  Names names = find_names(arena, file);
  Text out = text_new(arena);
  uint32_t line = 1, column = 1;
  for (const char *c = text; *c != '\0'; c++) {
    const Occurrence *o = occurrence_ending(&names, line, column);
    if (o != NULL && o->definition->span.source->prelude)
      text_add(&out, "@prelude");
    else if (o != NULL)
      text_printf(&out, "@%u", o->definition->span.line);
    text_addn(&out, c, 1);
    column++;
    if (*c == '\n') {
      line++;
      column = 1;
    }
  }
  return text_string(&out);
}

static void check(const char *text, const char *expected) {
  Arena *arena = arena_new();
  assert_string_equal(annotated(arena, text), expected);
  arena_free(arena);
}

static void scopes(void **state) {
  (void)state;
  check("dim B = 2\ninput x: f32[B]\ny = x + B\n",
        "dim B@1 = 2\ninput x@2: f32[B@1]\ny@3 = x@2 + B@1\n");
  /* functions may stand below; builtins have no definition; a name in itself is not that below */
  check("y = g(1)\nfn g(x) = sum(relu(x))\n",
        "y@1 = g@2(1)\nfn g@2(x@2) = sum(relu@prelude(x@2))\n");
  /* index variables */
  check("x = 1\nz[i] = sum[j: i](x[j] + i)\nw = i\n",
        "x@1 = 1\nz@2[i@2] = sum[j@2: i@2](x@1[j@2] + i@2)\nw@3 = i\n");
  /* sizes of a signature, params, names bound again, an instance's own */
  check("layer f(k: int)(x: real[N]) {\n  param W: real[k, N] = 0\n  x = W @ x\n  return x\n}\n"
        "g = f(2)\ny = g.W\n",
        "layer f@1(k@1: int)(x@1: real[N@1]) {\n  param W@2: real[k@1, N@1] = 0\n"
        "  x@3 = W@2 @ x@1\n  return x@3\n}\ng@6 = f@1(2)\ny@7 = g@6.W@2\n");
  /* a scan reads ahead, and its names are known behind it */
  check("scan t in 0..3 with c = 0 {\n  a[t] = b[t-1] + c\n  b[t] = a[t]\n}\ny = b + c + t\n",
        "scan t@1 in 0..3 with c@1 = 0 {\n  a@2[t@2] = b@3[t@2-1] + c@1\n"
        "  b@3[t@3] = a@2[t@3]\n}\ny@5 = b@3 + c@1 + t\n");
  /* what is bound outside of a repeat carries over, the rest ends with it */
  check("x = 1\nrepeat l in 0..2 {\n  x = x\n  y = l\n}\nz = x + y\n",
        "x@1 = 1\nrepeat l@2 in 0..2 {\n  x@3 = x@1\n  y@4 = l@2\n}\nz@6 = x@3 + y\n");
  check("if true { a = 1 } else { b = 2 }\nc = a + b\n",
        "if true { a@1 = 1 } else { b@1 = 2 }\nc@2 = a@1 + b@1\n");
  /* exports list inputs, clauses of train name them, a prime reads the new value */
  check(
      "input x: f32\nstate m = 1\nm <- m'\nexport f(x) = x\ntrain { minimize m; data x = \"a\" }\n",
      "input x@1: f32\nstate m@2 = 1\nm@2 <- m'@2\nexport f@4(x@1) = x@1\n"
      "train { minimize m@2; data x@1 = \"a\" }\n");
}

static void broken_texts(void **state) {
  (void)state;
  check("x = 1\ny = +)\nz = x\n", "x@1 = 1\ny = +)\nz@3 = x@1\n");
  check("f = f\n", "f@1 = f\n");
  check("import \"nowhere.dag\"\nx = 1\n", "import \"nowhere.dag\"\nx@2 = 1\n");
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(scopes), cmocka_unit_test(broken_texts)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
