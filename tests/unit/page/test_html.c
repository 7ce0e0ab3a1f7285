#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>
#include "page/html.h"

static void check_text(const char *text, const char *expected) {
  Arena *arena = arena_new();
  Text out = text_new(arena);
  html_string(&out, text);
  assert_string_equal(text_string(&out), expected);
  arena_free(arena);
}

static void test_text(void **state) {
  (void)state;
  check_text("a < b && \"c\" > d", "a &lt; b &amp;&amp; &quot;c&quot; &gt; d");
  check_text("</script><!--", "&lt;/script&gt;&lt;!--");
  check_text("Σ ₁ 𝛿 \xf0\x9f\x99\x82\n\tz", "Σ ₁ 𝛿 \xf0\x9f\x99\x82\n\tz");
  check_text("a\x01"
             "b\r\x7f",
             "a&#x2401;b&#x240d;&#x2421;");
}

/* What no page may hold becomes U+FFFD. */
static void test_wrong_text(void **state) {
  static const char *const wrong[] = {
      "\xff",             /* no byte of UTF-8 */
      "\xc3",             /* cut short */
      "\xc2\x85",         /* a C1 control */
      "\xef\xbf\xbe",     /* U+FFFE */
      "\xef\xb7\x90",     /* U+FDD0 */
      "\xf0\x9f\xbf\xbf", /* U+1FFFF */
  };
  (void)state;
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) check_text(wrong[i], "\xef\xbf\xbd");
  check_text("\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd");                 /* overlong */
  check_text("\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"); /* a surrogate */
}

static void check_amount(double value, const char *unit, const char *expected) {
  Arena *arena = arena_new();
  Text out = text_new(arena);
  html_amount(&out, value, unit);
  assert_string_equal(text_string(&out), expected);
  arena_free(arena);
}

static void test_numbers(void **state) {
  (void)state;
  check_amount(0, "B", "0\u00a0B");
  check_amount(999, "B", "999\u00a0B");
  check_amount(999.7, "B", "1.00\u00a0kB");
  check_amount(1234, "op", "1.23\u00a0kop");
  check_amount(12345, "op", "12.3\u00a0kop");
  check_amount(123456789, "", "123\u00a0M");
  Arena *arena = arena_new();
  Text out = text_new(arena);
  html_integer(&out, 1234567);
  html_integer(&out, 12);
  html_share(&out, 0.5);
  html_share(&out, 0.0123);
  html_share(&out, 0.0001);
  assert_string_equal(text_string(&out), "1,234,5671250\u00a0%1.2\u00a0%&lt;\u00a00.1\u00a0%");
  arena_free(arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_text),
      cmocka_unit_test(test_wrong_text),
      cmocka_unit_test(test_numbers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
