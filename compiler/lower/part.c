/* What each node is computed for. Forward: what the results of the entry need. Backward: the
   derivatives, and what they alone need. Update: the rest.

   A result that is a derivative is backward itself. Where all results are, what is no derivative
   counts as forward. */
#include "lower/work.h"

/* The node and all that it needs, as far as nobody has claimed them. */
static void claim(Work *w, uint32_t i, Part part, bool *claimed) {
  if (claimed[i]) return;
  claimed[i] = true;
  Node *n = node_at(w, i);
  n->part = part;
  for (size_t r = 0; r < n->reads.count; r++)
    if (w->node_of[n->reads.items[r]] != 0)
      claim(w, w->node_of[n->reads.items[r]] - 1, part, claimed);
}

/* Whether its values are those of a derivative. */
static bool is_derived(const Work *w, const Node *n) {
  if (n->tensor != TENSOR_NONE) return tensor_at(w->graph, n->tensor)->derived;
  return n->reads.count == 1 && tensor_at(w->graph, n->reads.items[0])->derived;
}

static bool is_result(const Work *w, const Node *n) {
  return n->buffer != BUFFER_NONE && w->plan->buffers[n->buffer].kind == BUFFER_OUTPUT;
}

void find_parts(Work *w) {
  bool *claimed = ARENA_ARRAY(w->arena, bool, w->nodes.count + 1), any = false;
  for (uint32_t i = 0; i < w->nodes.count; i++)
    any = any || (is_result(w, node_at(w, i)) && !is_derived(w, node_at(w, i)));
  for (uint32_t i = 0; i < w->nodes.count; i++) {
    const Node *n = node_at(w, i);
    if (!is_derived(w, n) && (!any || is_result(w, n))) claim(w, i, PART_FORWARD, claimed);
  }
  for (uint32_t i = 0; i < w->nodes.count; i++)
    if (is_derived(w, node_at(w, i))) claim(w, i, PART_BACKWARD, claimed);
  for (uint32_t i = 0; i < w->nodes.count; i++) claim(w, i, PART_UPDATE, claimed);
}
