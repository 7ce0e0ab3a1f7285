/* What a page finds its way by: which definitions a call computes, and where in the C a kernel
   stands. */
#include "../differentiate/derived.h"
#include "emit/emit.h"

static const char mlp[] = "input x: f32[8, 4]\n"
                          "input y: u8[8]\n"
                          "logits = x |> dense(5) |> relu |> dense(3)\n"
                          "loss = mean(cross_entropy(logits, y))\n"
                          "export classify(x) = softmax(logits)\n"
                          "train { minimize loss; with sgd(lr = 0.1); epochs 1;\n"
                          "  data x = \"a.csv\"[1:5], y = \"a.csv\"[0] }\n";

static const Plan *plan_of(Arena *arena, const Program *program) {
  return lower(arena, program, target_named(arena, "generic"), NULL);
}

static bool computes(const Program *program, const KernelCall *call, const char *name) {
  for (uint32_t i = 0; i < call->n_computes; i++)
    if (strcmp(tensor_at(program->graph, call->computes[i])->name, name) == 0) return true;
  return false;
}

static uint32_t count_calls(const Program *program, const EntryPlan *e, const char *name) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < e->n_calls; i++) n += computes(program, &e->calls[i], name);
  return n;
}

static void test_calls(void **state) {
  (void)state;
  Arena *arena = arena_new();
  const Program *program = derive_text(arena, mlp);
  const Plan *plan = plan_of(arena, program);
  static const char *const names[] = {"dense1.z",     "logits",       "loss",
                                      "dense1.z_bar", "dense1.W_bar", "dense1.W'"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (count_calls(program, &plan->entries[0], names[i]) != 1)
      fail_msg("%u calls of a step compute %s", count_calls(program, &plan->entries[0], names[i]),
               names[i]);
  assert_int_equal(count_calls(program, &plan->entries[2], "classify"), 1);
  assert_int_equal(count_calls(program, &plan->entries[2], "dense1.W_bar"), 0);
  arena_free(arena);
}

static void check_range(const Text *c, TextRange range, const char *head) {
  const char *text = arena_strndup(c->arena, c->bytes + range.begin, range.end - range.begin);
  if (strstr(text, head) == NULL) fail_msg("no %s in:\n%s", head, text);
  assert_string_equal(text + strlen(text) - 3, "\n}\n");
}

static void test_places(void **state) {
  (void)state;
  Arena *arena = arena_new();
  const Program *program = derive_text(arena, mlp);
  const Plan *plan = plan_of(arena, program);
  Text c = text_new(arena);
  CodePlaces places = emit_c(&c, program, &plan, 1, &(EmitOptions){0});
  size_t end = 0;
  for (KernelId i = 0; i < plan->n_kernels; i++) {
    check_range(&c, places.kernels[i], arena_printf(arena, "void %s(", places.names[i]));
    assert_int_equal(strncmp(c.bytes + places.kernels[i].begin, "\n/* ", 4), 0);
    assert_true(places.kernels[i].begin >= end);
    end = places.kernels[i].end;
  }
  check_range(&c, places.init, "void test_init(");
  check_range(&c, places.entries[0], "int test_step(");
  check_range(&c, places.entries[2], "int test_classify(");
  arena_free(arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_calls),
      cmocka_unit_test(test_places),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
