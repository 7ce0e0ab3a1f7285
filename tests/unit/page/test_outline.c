/* Which layer lines belong to, and what stands opposite what. */
#include "../differentiate/derived.h"
#include "graph/outline.h"

typedef struct World {
  Arena *arena;
  const Program *program;
  Outline outline;
} World;

static World outline_text(const char *text) {
  Arena *arena = arena_new();
  const Program *program = derive_text(arena, text);
  return (World){arena, program, outline_program(program)};
}

static TensorId named(const World *w, const char *name) {
  TensorId id = graph_find(w->program->graph, name);
  if (id == TENSOR_NONE) fail_msg("there is no %s", name);
  return id;
}

static void check_layer(const World *w, const char *name, const char *layer) {
  assert_string_equal(w->outline.layer[named(w, name)], layer);
}

static void check_opposite(const World *w, const char *adjoint, const char *name) {
  assert_true(w->outline.backward[named(w, adjoint)]);
  assert_int_equal(w->outline.opposite[named(w, adjoint)], named(w, name));
}

static const char mlp[] = "input x: f32[8, 4]\n"
                          "input y: u8[8]\n"
                          "logits = x |> dense(5) |> relu |> dense(3)\n"
                          "loss = mean(cross_entropy(logits, y))\n"
                          "train { minimize loss; with sgd(lr = 0.1); epochs 1;\n"
                          "  data x = \"a.csv\"[1:5], y = \"a.csv\"[0] }\n";

static void test_layers(void **state) {
  (void)state;
  World w = outline_text(mlp);
  check_layer(&w, "dense1.W", "dense1");
  check_layer(&w, "dense1.z", "dense1");
  check_layer(&w, "logits", "dense2"); /* the only layer whose params it reads */
  check_layer(&w, "cross_entropy.e", "cross_entropy");
  check_layer(&w, "loss", "");
  check_layer(&w, "dense2.W_bar", "dense2");
  arena_free(w.arena);
}

static void test_opposites(void **state) {
  (void)state;
  World w = outline_text(mlp);
  check_opposite(&w, "dense1.z_bar", "dense1.z");
  check_opposite(&w, "dense2.W_bar", "dense2.W");
  check_opposite(&w, "logits_bar", "logits");
  assert_false(w.outline.backward[named(&w, "loss")]);
  arena_free(w.arena);
}

/* What the step needs is not what the loss needs; a line needs itself. */
static void test_needs(void **state) {
  (void)state;
  World w = outline_text(mlp);
  TensorId z = named(&w, "dense1.z"), loss = named(&w, "loss");
  const bool *needed = outline_needs(&w.outline, &z, 1);
  assert_true(needed[z]);
  assert_true(needed[named(&w, "x")]);
  assert_true(needed[named(&w, "dense1.W")]);
  assert_false(needed[named(&w, "logits")]);
  needed = outline_needs(&w.outline, &loss, 1);
  assert_true(needed[named(&w, "y")]);
  assert_false(needed[named(&w, "logits_bar")]);
  arena_free(w.arena);
}

/* A derivative of a derivative stands where the first one does. */
static void test_second_derivatives(void **state) {
  (void)state;
  World w = outline_text("input p: f64[2]\n"
                         "f = (1 - p[0])^2 + 100 * (p[1] - p[0]^2)^2\n"
                         "export at(p) = f, grad(f, p), hessian(f, p)\n");
  uint32_t n = 0;
  for (TensorId id = 0; id < w.program->graph->n_tensors; id++) {
    bool line = w.outline.line[id] == id && w.outline.backward[id];
    if (line && w.outline.opposite[id] != TENSOR_NONE) {
      assert_false(w.outline.backward[w.outline.opposite[id]]);
      n++;
    }
  }
  assert_true(n >= 2);
  arena_free(w.arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_layers),
      cmocka_unit_test(test_opposites),
      cmocka_unit_test(test_needs),
      cmocka_unit_test(test_second_derivatives),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
