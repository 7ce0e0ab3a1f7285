/* Which windows of a contraction are filtered several outputs at a time (tile_winograd.c), and how
   many: a sum over taps of what is read at output + tap, or at output − tap. */
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

static bool find_window(const Work *w, const Node *n, uint32_t tap, Window *window) {
  const Contraction *c = n->contraction;
  IndexSet left = indices_of(w->graph, c->left);
  int outputs[2];
  if (n->extents[tap] > MOST_TAPS || outputs_for((int)n->extents[tap], outputs) == 0) return false;
  for (uint32_t v = 0; v < n->rank; v++) {
    if (v == c->lane || n->extents[v] < 2 || (left >> v & 1) != 0) continue;
    for (int mirrored = 0; mirrored < 2; mirrored++) {
      *window = (Window){v, tap, mirrored != 0, 1};
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

/* Cycles of all tiles for a vector of lanes: half a one for a multiply-add, at a share of the peak;
   and for each point of what is transformed, as measured, from L2 and back. */
static double direct_cycles(const Work *w, const Node *n, double rows, double sums) {
  static const double share = 0.9;
  const Contraction *c = n->contraction;
  double taps = 1;
  for (uint32_t k = 0; k < c->n_windows; k++)
    taps *=
        (double)n->extents[c->windows[k].output] * average_turns(n, c, c->windows[k].tap, w->graph);
  return 0.5 * taps * rows * sums / share;
}

static double filtered_cycles(const Node *n, double rows, double sums) {
  static const double share = 0.95;
  double points = 1, tiles = 1, an_input = 1.4, an_output = 0.8;
  for (uint32_t k = 0; k < n->contraction->n_windows; k++) {
    const Window *window = &n->contraction->windows[k];
    int64_t along = window->at_once + n->extents[window->tap] - 1;
    points *= (double)along;
    tiles *= (double)ceil_div(n->extents[window->output], window->at_once);
    an_input += along > 4 ? 1.3 : 0.9;
    an_output += along > 4 ? 0.9 : 0.7;
  }
  return tiles * points * (0.5 * rows * sums / share + an_input * sums + an_output * rows);
}

/* How many outputs at once along each window: what takes the fewest cycles. 0 windows where that is
   no less than what the sums take as they are. */
static void choose_outputs(const Work *w, Node *n) {
  static const double worth_it = 1.1;
  Contraction *c = n->contraction;
  double rows = (double)n->extents[c->row], sums = 1, least = 0;
  int outputs[MAX_WINDOWS][2] = {{1}, {1}}, counts[MAX_WINDOWS] = {1, 1};
  Window best[MAX_WINDOWS];
  for (uint32_t v = n->rank; v < n->rank + n->n_reduced; v++)
    if (!is_tap(c, v)) sums *= (double)n->extents[v];
  for (uint32_t k = 0; k < c->n_windows; k++)
    counts[k] = outputs_for((int)n->extents[c->windows[k].tap], outputs[k]);
  for (int i = 0; i < counts[0]; i++)
    for (int j = 0; j < counts[1]; j++) {
      c->windows[0].at_once = outputs[0][i];
      c->windows[1].at_once = outputs[1][j];
      double cycles = filtered_cycles(n, rows, sums);
      if (least > 0 && cycles >= least) continue;
      least = cycles;
      memcpy(best, c->windows, sizeof best);
    }
  memcpy(c->windows, best, sizeof best);
  if (direct_cycles(w, n, rows, sums) < worth_it * least) c->n_windows = 0;
}

void find_windows(Work *w, Node *n) {
  Contraction *c = n->contraction;
  if (c->dot || c->row == NO_INDEX || n->recurrence != NULL || n->type != TYPE_F32) return;
  int64_t lanes = w->target->vector_bytes / type_bytes(n->type);
  if (n->extents[c->lane] % lanes != 0) return;
  for (uint32_t v = n->rank; v < n->rank + n->n_reduced && c->n_windows < MAX_WINDOWS; v++)
    if (find_window(w, n, v, &c->windows[c->n_windows])) c->n_windows++;
  if (c->n_windows == 2 && c->windows[0].output > c->windows[1].output) {
    Window first = c->windows[1];
    c->windows[1] = c->windows[0];
    c->windows[0] = first;
  }
  if (!has_form(w, n)) c->n_windows = 0;
  if (c->n_windows > 0) choose_outputs(w, n);
}
