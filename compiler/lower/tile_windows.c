/* Which windows of a contraction are filtered several outputs at a time (tile_winograd.c), and how
   many: a sum over taps of what is read at output + tap, or at output − tap. Of few taps, some
   outputs at once; of many, as in the gradient of a filter, all outputs, which are few, and some
   taps. */
#include <string.h>
#include "lower/filter.h"
#include "lower/tile.h"

/* The one axis of a read that both variables of a window move along, by 1. NO_INDEX. */
static uint32_t window_axis(const Work *w, const Node *n, ExprId read, const Window *window) {
  const Expr *e = expr_at(w->graph, read);
  uint32_t axis = NO_INDEX;
  for (uint32_t i = 0; i < e->n_args; i++) {
    Affine at = affine_of(w->graph, e->args[i], node_ranges(n));
    int64_t output = factor_of(w, &at, window->output), tap = factor_of(w, &at, window->tap);
    if (output == 0 && tap == 0) continue;
    if (axis != NO_INDEX || output != 1 || tap != (window->mirrored ? -1 : 1)) return NO_INDEX;
    axis = i;
  }
  return axis;
}

/* What limits the tap is a matter of its place in x alone. */
static bool limits_place(const Work *w, const Contraction *c, const Window *window) {
  for (size_t i = 0; i < c->limits.count; i++) {
    const Limit *limit = &c->limits.items[i];
    if (limit->index != window->tap) continue;
    if (limit->at.n != 1) return false;
    if (factor_of(w, &limit->at, window->output) != (window->mirrored ? 1 : -1)) return false;
  }
  return true;
}

/* Whether it goes on along the taps, all outputs at once. */
static bool goes_along_taps(const Node *n, uint32_t tap) { return n->extents[tap] > MOST_TAPS; }

static bool find_window(const Work *w, const Node *n, uint32_t tap, Window *window) {
  const Contraction *c = n->contraction;
  IndexSet left = indices_of(w->graph, c->left);
  int sizes[2];
  for (uint32_t v = 0; v < n->rank; v++) {
    if (v == c->lane || n->extents[v] < 2 || (left >> v & 1) != 0) continue;
    int64_t whole = n->extents[goes_along_taps(n, tap) ? v : tap];
    if (whole > MOST_TAPS || outputs_for((int)whole, sizes) == 0) continue;
    for (int mirrored = 0; mirrored < (goes_along_taps(n, tap) ? 1 : 2); mirrored++) {
      *window = (Window){v, tap, mirrored != 0, 1, 1};
      if (window_axis(w, n, c->right, window) != NO_INDEX) return limits_place(w, c, window);
    }
  }
  return false;
}

static bool is_tap(const Contraction *c, uint32_t v) {
  for (uint32_t k = 0; k < c->n_windows; k++)
    if (c->windows[k].tap == v) return true;
  return false;
}

/* Whether every output is a row, or moves in x, and every sum but over taps goes over all of it. */
static bool has_form(const Work *w, const Node *n) {
  const Contraction *c = n->contraction;
  IndexSet right = indices_of(w->graph, c->right), taps = 0;
  for (uint32_t v = 0; v < n->rank; v++)
    if (v != c->row && (right >> v & 1) == 0) return false;
  for (uint32_t k = 0; k < c->n_windows; k++) taps |= (IndexSet)1 << c->windows[k].tap;
  return (c->limited & ~taps) == 0 && c->within.count == 0;
}

int64_t turns_of_window(const Node *n, const Window *window) {
  if (n->contraction->along_taps) return ceil_div(n->extents[window->tap], window->taps);
  return ceil_div(n->extents[window->output], window->outputs);
}

uint32_t lanes_of_filters(const Work *w, const Node *n) {
  ExprId left = n->contraction->left;
  const Buffer *b = &w->plan->buffers[w->buffer_of[expr_at(w->graph, left)->tensor]];
  int64_t lanes = w->target->vector_bytes / type_bytes(n->type);
  for (uint32_t v = n->rank; v < n->rank + n->n_reduced; v++) {
    uint32_t axis = lane_axis(w, n, left, v);
    if (axis != NO_INDEX && b->strides[axis] == 1 && n->extents[v] % lanes == 0) return v;
  }
  return NO_INDEX;
}

/* Cycles for a vector of lanes: half a one for a multiply-add, at a share of the peak; and for each
   point of what is transformed, as measured, from L2 and back. The left side is transformed for all
   `vectors` of lanes together: once or, along taps, in each turn. */
static double direct_cycles(const Work *w, const Node *n, double rows, double sums) {
  static const double share = 0.9;
  const Contraction *c = n->contraction;
  double taps = 1;
  for (uint32_t k = 0; k < c->n_windows; k++)
    taps *=
        (double)n->extents[c->windows[k].output] * average_turns(n, c, c->windows[k].tap, w->graph);
  return 0.5 * taps * rows * sums / share;
}

static double filtered_cycles(const Work *w, const Node *n, double rows, double sums,
                              double vectors) {
  const Contraction *c = n->contraction;
  double points = 1, turns = 1, an_input = 1.4, an_output = 0.8, a_filter = 2;
  double share = c->along_taps ? 0.85 : 0.95;
  for (uint32_t k = 0; k < c->n_windows; k++) {
    const Window *window = &c->windows[k];
    int64_t along = window->outputs + window->taps - 1;
    points *= (double)along;
    turns *= (double)turns_of_window(n, window);
    an_input += along > 4 ? 1.3 : 0.9;
    an_output += along > 4 ? 0.9 : 0.7;
  }
  if (lanes_of_filters(w, n) != NO_INDEX)
    a_filter = an_input * type_bytes(n->type) / w->target->vector_bytes;
  double products = 0.5 * rows * sums / share, inputs = an_input * sums, outputs = an_output * rows;
  double filters = a_filter * rows * sums / vectors;
  if (c->along_taps) return points * (turns * (products + inputs + filters) + outputs);
  return points * (turns * (products + inputs + outputs) + filters);
}

/* How many outputs and taps at once: what takes the fewest cycles; these, for a vector of lanes. */
static double choose_sizes(const Work *w, Node *n, double rows, double sums, double vectors) {
  Contraction *c = n->contraction;
  int sizes[MAX_WINDOWS][2] = {{1}, {1}}, counts[MAX_WINDOWS] = {1, 1};
  Window best[MAX_WINDOWS] = {0};
  double least = 0;
  for (uint32_t k = 0; k < c->n_windows; k++) {
    Window *window = &c->windows[k];
    window->outputs = n->extents[window->output];
    window->taps = n->extents[window->tap];
    counts[k] = outputs_for((int)(c->along_taps ? window->outputs : window->taps), sizes[k]);
  }
  for (int i = 0; i < counts[0]; i++)
    for (int j = 0; j < counts[1]; j++) {
      for (uint32_t k = 0; k < c->n_windows; k++)
        *(c->along_taps ? &c->windows[k].taps : &c->windows[k].outputs) = sizes[k][k == 0 ? i : j];
      double cycles = filtered_cycles(w, n, rows, sums, vectors);
      if (least > 0 && cycles >= least) continue;
      least = cycles;
      memcpy(best, c->windows, sizeof best);
    }
  memcpy(c->windows, best, sizeof best);
  return least;
}

/* All windows of the kind that the first one is, each with an output of its own; in their order. */
static void collect_windows(const Work *w, Node *n) {
  Contraction *c = n->contraction;
  c->n_windows = 0;
  for (uint32_t v = n->rank; v < n->rank + n->n_reduced && c->n_windows < MAX_WINDOWS; v++) {
    Window *window = &c->windows[c->n_windows];
    if (!find_window(w, n, v, window)) continue;
    bool differs = goes_along_taps(n, v) != c->along_taps;
    if (c->n_windows > 0 && (differs || window->output == c->windows[0].output)) continue;
    c->along_taps = goes_along_taps(n, v);
    c->n_windows++;
  }
  if (c->n_windows == 2 && c->windows[0].output > c->windows[1].output) {
    Window first = c->windows[1];
    c->windows[1] = c->windows[0];
    c->windows[0] = first;
  }
}

double find_windows(const Work *w, Node *n) {
  static const double worth_it = 1.1;
  Contraction *c = n->contraction;
  double rows, sums = 1, vectors = 1, cycles;
  int64_t lanes = w->target->vector_bytes / type_bytes(n->type);
  c->n_windows = 0;
  if (c->dot || c->row == NO_INDEX || n->recurrence != NULL || n->type != TYPE_F32) return 0;
  if (n->extents[c->lane] % lanes != 0) return 0;
  collect_windows(w, n);
  if (!has_form(w, n)) c->n_windows = 0;
  if (c->n_windows == 0) return 0;
  rows = (double)n->extents[c->row];
  for (uint32_t v = n->rank; v < n->rank + n->n_reduced; v++)
    if (!is_tap(c, v)) sums *= (double)n->extents[v];
  for (uint32_t v = 0; v < n->rank; v++) vectors *= (double)n->extents[v];
  vectors /= rows * (double)lanes;
  for (uint32_t k = 0; k < c->n_windows; k++) vectors /= (double)n->extents[c->windows[k].output];
  cycles = choose_sizes(w, n, rows, sums, vectors);
  if (direct_cycles(w, n, rows, sums) < worth_it * cycles) c->n_windows = 0;
  return c->n_windows == 0 ? 0 : vectors * cycles;
}
