/* Contractions of random sizes, transpositions, batches and epilogues, of vectors with zeros, and
   convolutions: compiled = interpreted, for every target. What random_graphs' small tensors never
   reach: register tiles with their edges, transposed copies, padded rows, updates in a tile's
   epilogue.

     contractions [--count N] [--seed S] [--print] */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "pipeline.h"

enum { CHUNK = 12 };

typedef struct Random {
  uint64_t state;
} Random;

static uint32_t draw(Random *r, uint32_t n) {
  r->state = r->state * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(r->state >> 33) % n;
}

static int size(Random *r) {
  static const int sizes[] = {1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 20, 24, 31, 32, 33, 40, 64};
  return sizes[draw(r, sizeof sizes / sizeof *sizes)];
}

static const char *pick(Random *r, const char *const *texts, uint32_t n) {
  return texts[draw(r, n)];
}

/* y = x W in some transposition of all three, then something elementwise, then a loss and SGD or
   Adam on W. */
static void product(Text *t, Random *r) {
  static const char *const after[] = {"max(s[n, j] + c[j], 0)", "s[n, j] * s[n, j]",
                                      "tanh(s[n, j])", "s[n, j] * U[n, j]",
                                      "where(s[n, j] > c[j], s[n, j], 0)"};
  static const char *const rules[] = {"sgd(lr = 0.1)", "adam(lr = 0.1, eps = 0.1)",
                                      "momentum(lr = 0.1)"};
  int n = size(r), j = size(r), k = size(r);
  bool xt = draw(r, 2), wt = draw(r, 2);
  text_printf(t, "input x: real[%d, %d]\n", xt ? k : n, xt ? n : k);
  text_printf(t, "param U: real[%d, %d] = uniform(-1.0, 1.0)\n", n, j);
  text_printf(t, "param W: real[%d, %d] = uniform(-1.0, 1.0)\n", wt ? k : j, wt ? j : k);
  text_printf(t, "param c: real[%d] = uniform(-1.0, 1.0)\n", j);
  text_printf(t, "s[n, j] = sum[i](W[%s] * x[%s])\n", wt ? "i, j" : "j, i", xt ? "i, n" : "n, i");
  text_printf(t, "h[n, j] = %s\n", pick(r, after, 5));
  text_printf(
      t, "p[n, j] = exp(h[n, j] - max[l](h[n, l])) / sum[l](exp(h[n, l] - max[q](h[n, q])))\n");
  text_printf(t, "loss = mean(h^2) + sum(p[:, 0]) / %d + 0.01 * mean(c^2)\n", n);
  text_printf(t, "export out(x) = h, p, s\n");
  text_printf(t, "train {\n  minimize loss\n  with %s\n  epochs 1\n", pick(r, rules, 3));
  text_printf(t, "  data x = \"x.npy\"\n}\n");
}

/* Two layers over a batch, with a batched product between them. */
static void chain(Text *t, Random *r) {
  int b = size(r) % 5 + 1, n = size(r), d = size(r), e = size(r);
  text_printf(t, "input x: real[%d, %d, %d]\n", b, n, d);
  text_printf(t, "param A: real[%d, %d] = uniform(-1.0, 1.0)\n", e, d);
  text_printf(t, "param B: real[%d, %d] = uniform(-1.0, 1.0)\n", e, d);
  text_printf(t, "q[b, n, e] = sum[i](A[e, i] * x[b, n, i])\n");
  text_printf(t, "k[b, n, e] = sum[i](B[e, i] * real(x[b, n, i] > 0))\n");
  text_printf(t, "s[b, n, m] = where(m <= n, sum[e](q[b, n, e] * k[b, m, e]), 0) / %d\n", e);
  text_printf(t, "o[b, n, e] = sum[m](s[b, n, m] * q[b, m, e])\n");
  text_printf(t, "loss = mean(o^2)\n");
  text_printf(t, "export out(x) = o, grad(loss, A), grad(loss, B), grad(loss, q)\n");
}

/* A matrix by a vector with many zeros, forward alone, so that it may lie as it likes, or backward,
   too. */
static void zeros(Text *t, Random *r) {
  static const char *const vectors[] = {"max(x[n, i], 0)", "where(x[n, i] > c[i], x[n, i], 0)",
                                        "c[i] * max(x[n, i], 0)", "real(u[n, i]) / 255"};
  int j = 63 + size(r), k = 63 + size(r);
  bool turned = draw(r, 2), backward = draw(r, 2);
  uint32_t vector = draw(r, 4);
  text_printf(t, "input x: real[1, %d]\ninput u: u8[1, %d]\n", k, k);
  text_printf(t, "param W: real[%d, %d] = uniform(-1.0, 1.0)\n", turned ? k : j, turned ? j : k);
  text_printf(t, "param c: real[%d] = uniform(-1.0, 1.0)\n", k);
  text_printf(t, "v[n, i] = %s\n", vectors[vector]);
  text_printf(t, "y[n, j] = max(sum[i](W[%s] * v[n, i]), 0)\n", turned ? "i, j" : "j, i");
  text_printf(t, "loss = mean(y^2)\nexport out(x, u) = y");
  if (backward) text_printf(t, ", grad(loss, W)%s", vector < 3 ? ", grad(loss, x)" : "");
  text_add(t, "\n");
}

/* Reductions of every kind, over sizes that do and do not fill vectors. */
static void reductions(Text *t, Random *r) {
  int n = size(r) * 3 + 1, m = size(r);
  text_printf(t, "input x: real[%d, %d]\n", n, m);
  text_printf(t, "input y: u8[%d]\n", n);
  text_printf(t, "param E: real[%d, %d] = uniform(-1.0, 1.0)\n", n + 3, m);
  text_printf(t, "z[i, j] = x[i, j] * 2 + E[y[i], j]\n");
  text_printf(t, "export rows(x, y) = sum[j](z[:, j]), max[j](z[:, j]), argmin[j](z[:, j])\n");
  text_printf(t, "export columns(x, y) = sum[i](z[i, :]), min[i](z[i, :]), argmax[i](z[i, :])\n");
  text_printf(t, "export all(x, y) = sum(z), max(z), any(z > 1), all(z < 9), sum(y), mean(z^2)\n");
  text_printf(t, "export gradient(x, y) = grad(sum(sin(z)), E), grad(sum(z^2), E)\n");
}

/* A convolution or a transposed one, of any stride and dilation, with all its gradients. */
static void convolution(Text *t, Random *r) {
  static const char *const options[] = {"size", "stride", "dilation", "pad", "output_pad"};
  bool turned = draw(r, 2);
  int axes = 1 + (int)draw(r, 2), groups = 1 + (int)draw(r, 2);
  int chosen[5][2], extents[2];
  for (int a = 0; a < axes; a++) {
    chosen[0][a] = 1 + (int)draw(r, 4);
    chosen[1][a] = 1 + (int)draw(r, 4);
    chosen[2][a] = 1 + (int)draw(r, 4);
    chosen[3][a] = turned && chosen[0][a] == 1 ? 0 : (int)draw(r, 2);
    chosen[4][a] = (int)draw(r, (uint32_t)chosen[1][a]);
    extents[a] = turned ? 3 + (int)draw(r, 6) : chosen[2][a] * chosen[0][a] + (int)draw(r, 9);
  }
  text_printf(t, "input x: real[%d, %d", 1 + (int)draw(r, 3), groups * (1 + (int)draw(r, 4)));
  for (int a = 0; a < axes; a++) text_printf(t, ", %d", extents[a]);
  text_printf(t, "]\nlayer_ = conv%s%dd(%d, groups = %d", turned ? "_transpose" : "", axes,
              groups * (1 + (int)draw(r, 4)), groups);
  for (int k = 0; k < (turned ? 5 : 4); k++)
    if (axes == 1)
      text_printf(t, ", %s = %d", options[k], chosen[k][0]);
    else
      text_printf(t, ", %s = [%d, %d]", options[k], chosen[k][0], chosen[k][1]);
  text_printf(t, ")\nz = layer_(x)\nloss = mean(z^3)\n");
  text_printf(t, "export out(x) = z, grad(loss, x), grad(loss, layer_.K), grad(loss, layer_.b)\n");
}

/* Gates: readers of several values of one of a product's indices at once; of an input, or of what
   the step before left, of which all steps are asked for or the last. */
static void gates(Text *t, Random *r) {
  static const char *const weights[] = {"k, j, i", "i, k, j", "k, i, j", "j, k, i"};
  static const char *const cells[] = {"tanh(z[n, 0, j]) * z[n, 1, j]",
                                      "z[n, 1, j] + max(z[n, 0, j], 0) * U[n, j]",
                                      "where(z[n, 0, j] > c[1, j], z[n, 1, j], c[0, j])"};
  int n = size(r), j = size(r), i = size(r), k = 2 + (int)draw(r, 3);
  uint32_t order = draw(r, 4);
  const char *cell = pick(r, cells, 3);
  bool steps = draw(r, 3) == 0, all = draw(r, 2), backward = draw(r, 2);
  if (steps) i = j;
  text_printf(t, "input x: real[%d, %d]\n", n, i);
  text_add(t, "param W: real[");
  for (const char *c = weights[order]; *c != '\0'; c++)
    if (*c >= 'i' && *c <= 'k')
      text_printf(t, "%d", *c == 'i' ? i : *c == 'j' ? j : k);
    else
      text_addn(t, c, 1);
  text_add(t, "] = uniform(-0.5, 0.5)\n");
  text_printf(t, "param U: real[%d, %d] = uniform(-1.0, 1.0)\n", n, j);
  text_printf(t, "param c: real[%d, %d] = uniform(-1.0, 1.0)\n", k, j);
  if (steps) text_printf(t, "scan t in 0..3 with s = x {\n");
  text_printf(t, "z[n, k, j] = sum[i](W[%s] * %s[n, i]) + c[k, j]\n", weights[order],
              steps ? "s" : "x");
  text_printf(t, "h[n, j] = %s\n", cell);
  text_printf(t, "m[n, j] = sigmoid(h[n, j]) * h[n, j] + z[n, %d, j]\n", k - 1);
  if (steps) text_printf(t, "s = 0.5 * tanh(m)\n");
  if (steps && all) text_printf(t, "y[n, t, j] = s[n, j]\n");
  const char *result = !steps ? "m" : all ? "y" : "s";
  if (steps) text_add(t, "}\n");
  text_printf(t, "loss = mean(%s^2)\nexport out(x) = %s", result, result);
  if (!steps && all) text_add(t, ", z, h");
  if (backward) text_add(t, ", grad(loss, W), grad(loss, c), grad(loss, x)");
  text_add(t, "\n");
}

/* Windows of two or three taps over so many channels that several outputs are computed at a time:
   along one axis or two, from either side, past both ends or not, with all gradients. */
static void windows(Text *t, Random *r) {
  static const char *const after[] = {"", "tanh", "relu"};
  int n = 16 << draw(r, 3), c = 8 + 4 * (int)draw(r, 3), f = 12 + 2 * (int)draw(r, 3);
  int axes = 1 + (int)draw(r, 2), taps = 2 + (int)draw(r, 2), pad = (int)draw(r, 2);
  int groups = 1 + (int)draw(r, 2);
  bool turned = draw(r, 2);
  text_printf(t, "input x: real[%d, %d", n, axes == 1 ? c + 20 : c);
  for (int a = 0; a < axes; a++) text_printf(t, ", %d", 5 + (int)draw(r, 4));
  text_printf(t, "]\nlayer_ = conv%s%dd(%d, size = %d, pad = %d, groups = %d)\n",
              turned ? "_transpose" : "", axes, f, taps, pad, groups);
  text_printf(t, "h = layer_(x)\nz = %s(h)\nloss = mean(z^3)\n", pick(r, after, 3));
  text_printf(t, "export out(x) = z, grad(loss, x), grad(loss, layer_.K), grad(loss, layer_.b)\n");
}

static const char *generate(Arena *arena, uint64_t seed) {
  Random r = {seed * 77777 + 13};
  Text t = text_new(arena);
  for (int i = 0; i < 4; i++) draw(&r, 2);
  if (seed % 7 == 3) {
    windows(&t, &r);
    return text_string(&t);
  }
  if (seed % 7 == 6) {
    gates(&t, &r);
    return text_string(&t);
  }
  switch (draw(&r, 5)) {
  case 0: product(&t, &r); break;
  case 1: chain(&t, &r); break;
  case 2: convolution(&t, &r); break;
  case 3: zeros(&t, &r); break;
  default: reductions(&t, &r); break;
  }
  return text_string(&t);
}

static const char *const targets[] = {"generic", "x86-64-v3", "x86-64-v4"};

typedef struct Case {
  Program *program;
  const char *name, *text, *c;
} Case;

static bool prepare(Arena *arena, uint64_t seed, const char *target, Case *c) {
  const char *messages = "";
  c->name = arena_printf(arena, "contraction%llu", (unsigned long long)seed);
  c->text = generate(arena, seed);
  c->program = pipeline_elaborate(arena, c->name, c->text, &messages);
  if (c->program != NULL && pipeline_differentiate(arena, c->program, &messages)) {
    c->c = pipeline_c_for(arena, c->program, target);
    return true;
  }
  printf("seed %llu: %s\n%s\n", (unsigned long long)seed, messages, c->text);
  return false;
}

static bool compare(Arena *arena, const Native *native, const Case *c, uint64_t seed) {
  const dag_model *model = native_model(native, c->name);
  Interpreter *in = interpreter_new(arena, c->program, seed);
  sample_values(c->program, in, seed, false);
  bool equal = true;
  for (uint32_t e = 0; e < c->program->n_entries; e++) {
    const Entry *entry = &c->program->entries[e];
    Disagreement worst = {0};
    const char *message = "";
    bool ran = native_compare(arena, model, c->program, in, entry, seed, 0, &worst, NULL, &message);
    if (ran && worst.error <= 1e-4) continue;
    printf("%s, %s: %s%s, element %lld: compiled %.9g, interpreted %.9g\n%s\n", c->name,
           entry->name, message, worst.tensor == NULL ? "" : worst.tensor, (long long)worst.element,
           worst.compiled, worst.interpreted, c->text);
    equal = false;
  }
  return equal;
}

static int test_chunk(uint64_t first, size_t n, const char *target) {
  Arena *arena = arena_new();
  Case cases[CHUNK];
  const char *names[CHUNK], *texts[CHUNK], *message = "";
  int failed = 0;
  size_t compiled = 0;
  for (size_t i = 0; i < n; i++) {
    if (!prepare(arena, first + i, target, &cases[compiled])) {
      failed++;
      continue;
    }
    names[compiled] = cases[compiled].name;
    texts[compiled] = cases[compiled].c;
    compiled++;
  }
  Native *native =
      native_build(arena, pipeline_compiler(), "-O1", names, texts, compiled, &message);
  if (native == NULL) printf("%s\n", message);
  for (size_t i = 0; i < compiled; i++)
    failed += native == NULL || !compare(arena, native, &cases[i], first + i);
  if (native != NULL) native_close(native);
  arena_free(arena);
  return failed;
}

int main(int argc, char **argv) {
  uint64_t count = 60, first = 1;
  bool print = false;
  for (int i = 1; i < argc; i++) {
    bool more = i + 1 < argc;
    if (strcmp(argv[i], "--count") == 0 && more)
      count = strtoull(argv[++i], NULL, 10);
    else if (strcmp(argv[i], "--seed") == 0 && more)
      first = strtoull(argv[++i], NULL, 10);
    else if (strcmp(argv[i], "--print") == 0)
      print = true;
  }
  int failed = 0;
  for (uint64_t done = 0; done < count; done += CHUNK) {
    size_t n = count - done < CHUNK ? (size_t)(count - done) : CHUNK;
    Arena *arena = arena_new();
    for (size_t i = 0; print && i < n; i++) printf("%s\n", generate(arena, first + done + i));
    arena_free(arena);
    failed += test_chunk(first + done, n, targets[(first + done) / CHUNK % 3]);
  }
  printf("%llu programs, %d failed\n", (unsigned long long)count, failed);
  return failed == 0 ? 0 : 1;
}
