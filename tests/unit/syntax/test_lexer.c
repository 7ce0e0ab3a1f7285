#include "read.h"
#include <math.h>
#include "support/utf8.h"
#include "syntax/tokens.h"
#include "dag.tab.h"

/* --- tokens of a text, as one line: names and numbers as written, `;` for the end of a statement
 * --- */

static void add_token(Text *out, const Token *token) {
  if (token->kind == SEPARATOR) {
    text_add(out, ";");
  } else if (token->text != NULL) {
    text_printf(out, token->kind == STRING ? "\"%s\"" : "%s", token->text);
  } else {
    const char *words = token_words(token->kind); /* in backquotes */
    text_addn(out, words + 1, strlen(words) - 2);
  }
}

static const char *tokens_line(Reading *r, const char *text) {
  Tokens tokens;
  const Source *source = source_from_text(r->arena, "m.dag", text, strlen(text));
  Text out = text_new(r->arena);
  tokens_open(&tokens, r->arena, r->diag, source, whole_text(source), START_FILE);
  tokens_next(&tokens); /* START_FILE */
  for (Token token = tokens_next(&tokens); token.kind != END; token = tokens_next(&tokens)) {
    if (out.length > 0) text_add(&out, " ");
    add_token(&out, &token);
  }
  tokens_close(&tokens);
  return text_string(&out);
}

static void newlines_end_statements(void **state) {
  (void)state;
  static const char *const table[][2] = {
      {"", ""},
      {"\n\n# only a comment\n", ""},
      {"x = 1", "x = 1 ;"},
      {"x = 1\n", "x = 1 ;"},
      {"x = 1\ny = 2\n", "x = 1 ; y = 2 ;"},
      {"x = 1\r\ny = 2\r\n", "x = 1 ; y = 2 ;"},
      {"x = 1; y = 2", "x = 1 ; y = 2 ;"},
      {"x = 1  # one\n\n  # more\ny = 2", "x = 1 ; y = 2 ;"},
      /* what can end a statement, and what cannot */
      {"x = a'\ny = \"s\"\nz = true\nu = 1.5\nv = f()\nw = x[...]\n",
       "x = a' ; y = \"s\" ; z = true ; u = 1.5 ; v = f ( ) ; w = x [ ... ] ;"},
      {"x =\n  1 +\n  2 *\n  3\n", "x = 1 + 2 * 3 ;"},
      {"x = a and\n not\n b", "x = a and not b ;"},
      {"x, # first\n y = 3", "x , y = 3 ;"},
      {"return\nx", "return x ;"},
      /* inside brackets */
      {"x = f(a,\n b\n)\ny = [\n1\n]\n", "x = f ( a , b ) ; y = [ 1 ] ;"},
      {"x = (a\n- b)\n", "x = ( a - b ) ;"},
      /* lines that go on */
      {"y = x\n  |> f\n\n  |> g\n", "y = x |> f |> g ;"},
      {"if a { x = 1 }\nelse { x = 2 }\n", "if a { x = 1 ; } else { x = 2 ; } ;"},
      {"export f() = y\n where B = 1\n", "export f ( ) = y where B = 1 ;"},
      {"fn f(x) = y\n  with grad(u) = u", "fn f ( x ) = y with grad ( u ) = u ;"},
      {"x = 1\n- y = 2", "x = 1 ; - y = 2 ;"},
      /* `with` in train begins a clause */
      {"train {\n minimize loss\n with adam()\n}\nscan t in 0..T\nwith h = 0 { }\n",
       "train { minimize loss ; with adam ( ) ; } ; scan t in 0 .. T with h = 0 { } ;"},
      /* blocks */
      {"fn f(x) { return x }", "fn f ( x ) { return x ; } ;"},
      {"fn f(x) {\n  return x\n}\n", "fn f ( x ) { return x ; } ;"},
      {"fn f(x) {\n  return x;\n}\n", "fn f ( x ) { return x ; } ;"},
      {"fn f(x)\n{ }\n", "fn f ( x ) ; { } ;"},
      {"\xEF\xBB\xBFx = 1\n", "x = 1 ;"},
  };
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
    Reading r;
    reading_start(&r);
    assert_string_equal(tokens_line(&r, table[i][0]), table[i][1]);
    assert_int_equal(diag_errors(r.diag), 0);
    reading_end(&r);
  }
}

static void words_are_split(void **state) {
  (void)state;
  static const char *const table[][2] = {
      {"0..3", "0 .. 3 ;"},
      {"x[1:2,...,:]", "x [ 1 : 2 , ... , : ] ;"},
      {"a<-b", "a <- b ;"},
      {"a<b<=c", "a < b <= c ;"},
      {"x?\?0|>f", "x ?\? 0 |> f ;"},
      {"m'/v'", "m' / v' ;"},
      {"dense1.W.x2", "dense1 . W . x2 ;"},
      {"1e5+1E-5+2.5e+3", "1e5 + 1E-5 + 2.5e+3 ;"},
      {"dimension inner iff with_ on checkpoint minimize data", /* no keywords */
       "dimension inner iff with_ on checkpoint minimize data ;"},
      {"x=-1^-2%3@y", "x = - 1 ^ - 2 % 3 @ y ;"},
      {"a==b!=c", "a == b != c ;"},
  };
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
    Reading r;
    reading_start(&r);
    assert_string_equal(tokens_line(&r, table[i][0]), table[i][1]);
    assert_int_equal(diag_errors(r.diag), 0);
    reading_end(&r);
  }
}

static void numbers_have_values(void **state) {
  (void)state;
  Reading r;
  reading_start(&r);
  assert_int_equal(read_expression(&r, "9223372036854775807")->integer, INT64_MAX);
  assert_int_equal(read_expression(&r, "007")->integer, 7);
  assert_true(read_expression(&r, "1.7976931348623157e308")->real == 0x1.fffffffffffffp1023);
  assert_true(read_expression(&r, "1e-3")->real == 1e-3);
  assert_true(read_expression(&r, "5e-324")->real == 0x1p-1074);
  assert_int_equal(read_expression(&r, "1e3")->kind, AST_REAL);
  reading_end(&r);
}

static void strings_have_escapes(void **state) {
  (void)state;
  static const char *const table[][2] = {
      {"\"\"", ""},
      {"\"a b\"", "a b"},
      {"\"# no comment\"", "# no comment"},
      {"\"\\a\\b\\f\\n\\r\\t\\v\\\\\\\"\\'\\?\"", "\a\b\f\n\r\t\v\\\"'?"},
      {"\"\\x41\\102\\1\"", "AB\1"},
      {"\"\\u00e9 \\U0001F600\"", "\xC3\xA9 \xF0\x9F\x98\x80"},
      {"\"\xC3\xA9\"", "\xC3\xA9"},
  };
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
    Reading r;
    reading_start(&r);
    assert_string_equal(read_expression(&r, table[i][0])->string, table[i][1]);
    reading_end(&r);
  }
}

static void places_count_bytes(void **state) {
  (void)state;
  Reading r;
  reading_start(&r);
  const File *file = read_right(&r, "# \xC3\xA9\r\n\tz[b] = \"\xC3\xA9\" +\n    w\n");
  const Stmt *stmt = file->body.items[0];
  assert_int_equal(stmt->span.line, 2);
  assert_int_equal(stmt->span.column, 2);
  assert_int_equal(stmt->span.end_line, 3);
  assert_int_equal(stmt->span.end_column, 6);
  const Ast *sum = stmt->value;
  assert_int_equal(sum->operand->span.column, 9);
  assert_int_equal(sum->operand->span.end_column, 13);
  assert_int_equal(sum->op_span.column, 14);
  assert_int_equal(sum->right->span.line, 3);
  assert_int_equal(sum->right->span.column, 5);
  reading_end(&r);
}

static void utf8_is_checked(void **state) {
  (void)state;
  static const struct {
    const char *bytes;
    size_t valid;
  } table[] = {
      {"abc", 3},
      {"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", 9},
      {"a\x80", 1},            /* a continuation alone */
      {"a\xC3", 1},            /* cut off */
      {"a\xC3z", 1},           /* not continued */
      {"\xC0\xAF", 0},         /* overlong */
      {"\xE0\x80\xAF", 0},     /* overlong */
      {"\xF0\x80\x80\xAF", 0}, /* overlong */
      {"\xED\xA0\x80", 0},     /* a surrogate */
      {"\xF4\x90\x80\x80", 0}, /* past U+10FFFF */
      {"\xF4\x8F\xBF\xBF", 4}, /* U+10FFFF */
      {"\xFF", 0},
  };
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
    assert_int_equal(utf8_check(table[i].bytes, strlen(table[i].bytes)), table[i].valid);
}

static void mistakes_are_reported(void **state) {
  (void)state;
  static const char *const table[][2] = {
      {"x = 9223372036854775808", "m.dag:1:5: error: this integer is too large"},
      {"x = 1e309", "m.dag:1:5: error: this number is too large"},
      {"x = 2x", "m.dag:1:5: error: `2x` is neither a number nor a name"},
      {"x = 1. + 2", "m.dag:1:5: error: a digit stands on both sides of the point"},
      {"x = .5", "m.dag:1:5: error: a digit stands on both sides of the point"},
      {"x = \"abc", "m.dag:1:5: error: this string does not end on its line"},
      {"x = \"abc\\\"", "m.dag:1:5: error: this string does not end on its line"},
      {"x = \"a\\q\"", "m.dag:1:7: error: no escape of a string is written so"},
      {"x = \"a\\000\"", "m.dag:1:7: error: no escape of a string is written so"},
      {"x = \"a\\x141\"", "m.dag:1:7: error: no escape of a string is written so"},
      {"x = \"\\ud800\"", "m.dag:1:6: error: no escape of a string is written so"},
      {"x = 1 $ 2", "m.dag:1:7: error: `$` has no meaning here"},
      {"x = \xC3\xA9", "m.dag:1:5: error: `\xC3\xA9` has no meaning here"},
      {"x = 1\fy = 2", "m.dag:1:6: error: found the control character 0x0c"},
      {"x = 1\ry = 2", "m.dag:1:6: error: found the control character 0x0d"},
      {"# fine\nx = \"\xFF\"", "m.dag:2:6: error: this is not UTF-8 text: found the byte 0xff"},
  };
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
    Reading r;
    reading_start(&r);
    read_file(&r, table[i][0]);
    const char *messages = reading_messages(&r);
    if (diag_errors(r.diag) != 1 || strncmp(messages, table[i][1], strlen(table[i][1])) != 0)
      fail_msg("%s\n%s", table[i][0], messages);
    reading_end(&r);
  }
}

static void byte_zero_is_reported(void **state) {
  (void)state;
  static const struct {
    const char *bytes;
    size_t length;
  } table[] = {{"x = 1\0 + 2\n", 11}, {"x = \"a\0b\"\n", 10}, {"\0", 1}};
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
    Reading r;
    reading_start(&r);
    parse_file(r.arena, r.diag,
               source_from_text(r.arena, "m.dag", table[i].bytes, table[i].length));
    assert_int_equal(diag_errors(r.diag), 1);
    reading_end(&r);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(newlines_end_statements), cmocka_unit_test(words_are_split),
      cmocka_unit_test(numbers_have_values),     cmocka_unit_test(strings_have_escapes),
      cmocka_unit_test(places_count_bytes),      cmocka_unit_test(utf8_is_checked),
      cmocka_unit_test(mistakes_are_reported),   cmocka_unit_test(byte_zero_is_reported),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
