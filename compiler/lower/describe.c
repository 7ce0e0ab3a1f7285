/* The comment of a kernel: the definitions that it computes, where they stand in the source, and
   how a contraction is computed. */
#include <inttypes.h>
#include <string.h>
#include "lower/work.h"

/* "x.T: x with index i innermost in memory": its values are those of x, so a definition would say
   nothing. */
static void describe_copy(const Work *w, Text *text, const Node *n) {
  const Buffer *b = &w->plan->buffers[n->buffer];
  uint32_t innermost = 0;
  for (uint32_t v = 0; v < b->rank; v++)
    if (b->strides[v] == 1 && b->extents[v] > 1) innermost = v;
  text_printf(text, "%s: %s with index %s innermost in memory", n->name,
              tensor_at(w->graph, n->reads.items[0])->name, index_name(n, innermost));
}

/* The place only where it is not that of the line before. */
static void describe_node(Work *w, Text *text, const Node *n, const char **last_place) {
  if (n->tensor == TENSOR_NONE) {
    text_printf(text, "%s stored", n->name);
    return;
  }
  if (n->transposes && n->stored) {
    describe_copy(w, text, n);
    return;
  }
  print_definition(text, w->program, n->tensor);
  const char *place = tensor_source(w->arena, tensor_at(w->graph, n->tensor));
  if (place == NULL || (*last_place != NULL && strcmp(place, *last_place) == 0)) return;
  text_printf(text, "    %s", place);
  *last_place = place;
}

/* " · K 784 (i)": the product of some indices' extents, with their names. */
static void describe_extent(Text *text, const Node *n, const char *what, const bool *of) {
  int64_t extent = 1;
  Text names = text_new(text->arena);
  for (uint32_t v = 0; v < n->rank + n->n_reduced; v++) {
    if (!of[v]) continue;
    extent *= n->extents[v];
    text_printf(&names, "%s%s", names.length > 0 ? ", " : "", index_name(n, v));
  }
  if (names.length == 0) return;
  text_printf(text, "%s %s %" PRId64 " (%s)", text->length > 0 ? " ·" : "contraction", what, extent,
              text_string(&names));
}

/* M: indices of left alone; N: of right alone; batch: of both; K: what is summed over. */
static void describe_sizes(Work *w, Text *text, const Node *n) {
  uint32_t n_indices = n->rank + n->n_reduced;
  bool *kinds[4];
  for (int k = 0; k < 4; k++) kinds[k] = ARENA_ARRAY(w->arena, bool, n_indices);
  for (uint32_t v = 0; v < n_indices; v++) {
    bool left = expr_uses_index(w->graph, n->contraction->left, v);
    bool right = expr_uses_index(w->graph, n->contraction->right, v);
    kinds[v >= n->rank ? 3 : left && right ? 0 : left ? 1 : 2][v] = true;
  }
  static const char *const names[] = {"batch", "M", "N", "K"};
  for (int k = 0; k < 4; k++) describe_extent(text, n, names[k], kinds[k]);
}

/* "z" of "dense1.z" */
static const char *last_part(const char *path) {
  const char *dot = strrchr(path, '.');
  return dot == NULL ? path : dot + 1;
}

const char *describe_nodes(const Work *w, const NodeGroup *g) {
  Text text = text_new(w->arena);
  for (size_t i = 0; i < g->nodes.count; i++)
    text_printf(&text, "%s%s", i > 0 ? ", " : "", last_part(node_at(w, g->nodes.items[i])->name));
  return text_string(&text);
}

/* "for each t of 64, from the last to the first" */
static void describe_steps(Text *text, const Work *w, const NodeGroup *groups) {
  const Recurrence *r = outermost(node_at(w, groups->nodes.items[0])->recurrence);
  text_printf(text, "\nfor each %s of %" PRId64 "%s", r->name, r->steps,
              r->ahead ? ", from the last to the first" : "");
}

/* "; 4 × 4 outputs from 6 × 6 products" */
static void describe_windows(Text *text, const Contraction *c) {
  for (int points = 0; points < 2; points++) {
    text_add(text, points == 0 ? "; " : " outputs from ");
    for (uint32_t k = 0; k < c->n_windows; k++)
      text_printf(text, "%s%" PRId64, k > 0 ? " × " : "",
                  c->windows[k].outputs + (points == 0 ? 0 : c->windows[k].taps - 1));
  }
  text_add(text, " products");
}

const char *describe_kernel(Work *w, const NodeGroup *groups, size_t n) {
  Text text = text_new(w->arena), how = text_new(w->arena);
  const char *last_place = NULL;
  for (size_t k = 0; k < n; k++)
    for (size_t i = 0; i < groups[k].nodes.count; i++) {
      if (k + i > 0) text_add(&text, "\n");
      describe_node(w, &text, node_at(w, groups[k].nodes.items[i]), &last_place);
    }
  const NodeGroup *g = groups;
  if (node_at(w, g->nodes.items[0])->recurrence != NULL) describe_steps(&text, w, groups);
  if (g->kind != GROUP_CONTRACTION || n > 1) return text_string(&text);
  describe_sizes(w, &how, node_at(w, g->nodes.items[0]));
  const Contraction *c = node_at(w, g->nodes.items[0])->contraction;
  text_printf(&how, "; tile %" PRId64 " × %" PRId64, c->tile_rows, c->tile_columns);
  if (c->n_windows > 0) describe_windows(&how, c);
  if (c->listed) text_add(&how, "; without what is 0 on the left");
  for (size_t i = 1; i < g->nodes.count; i++)
    text_printf(&how, "%s%s", i == 1 ? "; epilogue: " : ", ",
                last_part(node_at(w, g->nodes.items[i])->name));
  return arena_printf(w->arena, "%s\n%s", text_string(&text), text_string(&how));
}
