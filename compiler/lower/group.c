/* Which nodes become one kernel. */
#include "lower/work.h"

void make_groups(Work *w) {
  for (size_t i = 0; i < w->order.count; i++) {
    Node *n = node_at(w, w->order.items[i]);
    if (n->inlined) continue;
    Group g = {.kind = is_scatter(w, n) ? GROUP_SCATTER : GROUP_LOOPS, .spine = n->rank};
    ARRAY_PUSH(w->arena, &g.nodes, w->order.items[i]);
    ARRAY_PUSH(w->arena, &w->groups, g);
  }
}
