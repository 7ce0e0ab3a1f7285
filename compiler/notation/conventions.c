/* The head of a document. */
#include "notation/conventions.h"
#include <string.h>

typedef struct Use {
  bool batch, indices, by_element, brackets, delta, derivative, bar, tilde, prime;
  bool softmax, cross_entropy, one_hot, relu, sigmoid, slope;
} Use;

static void use_symbol(Use *use, const Symbol *symbol) {
  if (symbol->of != NULL) {
    use->derivative = true;
    return;
  }
  use->delta = use->delta || strcmp(symbol->base.text, "δ") == 0;
  use->bar = use->bar || symbol->accent == ACCENT_BAR;
  use->tilde = use->tilde || symbol->accent == ACCENT_TILDE;
  use->prime = use->prime || symbol->prime;
}

static void use_call(Use *use, const char *name) {
  use->softmax = use->softmax || strcmp(name, "softmax") == 0;
  use->cross_entropy = use->cross_entropy || strcmp(name, "CE") == 0;
  use->one_hot = use->one_hot || strcmp(name, "onehot") == 0;
  use->relu = use->relu || strncmp(name, "relu", 4) == 0;
  use->sigmoid = use->sigmoid || strncmp(name, "σ", strlen("σ")) == 0;
  use->slope = use->slope || strstr(name, "′") != NULL;
}

static void use_formula(Use *use, const Formula *f) {
  if (f->kind == FORMULA_SYMBOL) use_symbol(use, f->symbol);
  if (f->kind == FORMULA_CALL) use_call(use, f->glyph.text);
  use->indices = use->indices || (f->kind == FORMULA_SYMBOL && f->n_args > 0);
  use->by_element = use->by_element || f->kind == FORMULA_HADAMARD;
  use->brackets = use->brackets || (f->kind == FORMULA_FENCED && f->fence == FENCE_BRACKETS);
  for (uint32_t i = 0; i < f->n_args; i++) use_formula(use, f->args[i]);
}

static Use use_of(const Document *document) {
  Use use = {0};
  for (uint32_t i = 0; i < document->n_sections; i++)
    for (uint32_t k = 0; k < document->sections[i].n_rows; k++) {
      const Row *row = &document->sections[i].rows[k];
      for (uint32_t j = 0; j < row->n; j++) {
        use.batch = use.batch || row->lines[j]->batch;
        use_formula(&use, row->lines[j]->left);
        use_formula(&use, row->lines[j]->right);
        for (size_t m = 0; m < row->lines[j]->remarks.count; m++)
          use_formula(&use, row->lines[j]->remarks.items[m].equation);
      }
    }
  return use;
}

const Glyph *find_conventions(Arena *arena, const Document *document, uint32_t *n) {
  const Use use = use_of(document);
  const struct {
    bool used;
    Glyph sentence;
  } all[] = {
      {use.batch,
       {"Vectors are columns. Where the index of the batch is left out, a formula is of each "
        "example, "
        "and the examples side by side are the columns of a matrix: W x + b adds b to every "
        "column, "
        "δ xᵀ sums over the examples, and so does a mean without an index.",
        "Vectors are columns. Where the index of the batch is left out, a formula is of each "
        "example, "
        "and the examples side by side are the columns of a matrix: $W x + b$ adds~$b$ to every "
        "column, $\\delta x^\\top$ sums over the examples, and so does a mean without an index."}},
      {!use.batch,
       {"Vectors are columns; the rows of a matrix are its first index.",
        "Vectors are columns; the rows of a matrix are its first index."}},
      {use.indices, {"Indices count from 0.", "Indices count from 0."}},
      {use.by_element,
       {"⊙ multiplies by element; functions, powers and quotients of arrays go by element too.",
        "$\\odot$ multiplies by element; functions, powers and quotients of arrays go by element "
        "too."}},
      {use.brackets,
       {"[c] is 1 where c holds, else 0, and then so is the product.",
        "$[c]$ is 1 where $c$ holds, else 0, and then so is the product."}},
      {use.relu,
       {"relu(z) = max(z, 0), with relu′(z) = [z > 0].",
        "$\\operatorname{relu}(z) = \\max(z, 0)$, with $\\operatorname{relu}'(z) = [z > 0]$."}},
      {use.sigmoid, {"σ(z) = 1 / (1 + exp(−z)).", "$\\sigma(z) = 1 / (1 + \\exp(-z))$."}},
      {use.softmax,
       {"softmax(z) = exp(z) / Σₖ exp(zₖ), over the last index that is left out.",
        "$\\operatorname{softmax}(z) = \\exp(z) / \\sum_k \\exp(z_k)$, over the last index that is "
        "left out."}},
      {use.cross_entropy,
       {"CE(z, y) = −log softmax(z)[y], the cross-entropy.",
        "$\\operatorname{CE}(z, y) = -\\log \\operatorname{softmax}(z)_y$, the cross-entropy."}},
      {use.one_hot,
       {"onehot(y) is 1 at y, else 0.", "$\\operatorname{onehot}(y)$ is 1 at $y$, else 0."}},
      {use.delta,
       {"δ = ∂L/∂z, the adjoint of a pre-activation.",
        "$\\delta = \\partial L / \\partial z$, the adjoint of a pre-activation."}},
      {use.bar, {"x̄ is an adjoint of x.", "$\\bar x$ is an adjoint of $x$."}},
      {use.tilde, {"x̃ is a part of x.", "$\\tilde x$ is a part of $x$."}},
      {use.prime, {"m′ is the new value of m.", "$m'$ is the new value of $m$."}}};
  Glyph *sentences = ARENA_ARRAY(arena, Glyph, sizeof all / sizeof *all);
  *n = 0;
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (all[i].used) sentences[(*n)++] = all[i].sentence;
  return sentences;
}
