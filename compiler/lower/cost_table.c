/* --emit=cost: for each entry, its definitions' operations and bytes, forward, backward and update
   apart. */
#include <string.h>
#include "lower/lower.h"

static const char *const part_names[N_PARTS] = {"forward", "backward", "update"};

/* In characters: a name may have letters of several bytes. */
static int width_of(const char *name) {
  int width = 0;
  for (; *name != '\0'; name++) width += (*name & 0xc0) != 0x80;
  return width;
}

static int widest_name(const EntryPlan *e) {
  int widest = (int)strlen("(forward + backward) / forward");
  for (uint32_t i = 0; i < e->n_calls; i++)
    for (int part = 0; part < N_PARTS; part++) {
      const char *name = e->calls[i].cost[part].name;
      int width = name == NULL ? 0 : 2 + width_of(name);
      widest = width > widest ? width : widest;
    }
  return widest;
}

static void print_row(Text *out, const char *indent, const char *name, int width, Cost c) {
  int blanks = width - (int)strlen(indent) - width_of(name);
  text_printf(out, "%s%s%*s %15.0f %13.0f %13.0f", indent, name, blanks, "", c.operations, c.read,
              c.written);
  double bytes = c.read + c.written;
  if (bytes > 0) text_printf(out, " %9.2f", c.operations / bytes);
  text_add(out, "\n");
}

static Cost sum_of(Cost a, Cost b) {
  return (Cost){a.name, a.operations + b.operations, a.read + b.read, a.written + b.written};
}

static bool has_part(const EntryPlan *e, int part) {
  for (uint32_t i = 0; i < e->n_calls; i++)
    if (e->calls[i].cost[part].name != NULL) return true;
  return false;
}

static void print_entry(Text *out, const EntryPlan *e) {
  int width = widest_name(e);
  text_printf(out, "%s%*s %15s %13s %13s %9s\n", e->entry->name,
              width - (int)strlen(e->entry->name), "", "operations", "bytes read", "written",
              "per byte");
  Cost total = {0}, sums[N_PARTS] = {{0}};
  for (int part = 0; part < N_PARTS; part++) {
    if (!has_part(e, part)) continue;
    text_printf(out, "%s\n", part_names[part]);
    for (uint32_t i = 0; i < e->n_calls; i++) {
      const Cost *c = &e->calls[i].cost[part];
      if (c->name == NULL) continue;
      print_row(out, "  ", c->name, width, *c);
      sums[part] = sum_of(sums[part], *c);
    }
  }
  for (int part = 0; part < N_PARTS; part++) {
    if (has_part(e, part)) print_row(out, "total ", part_names[part], width, sums[part]);
    total = sum_of(total, sums[part]);
  }
  print_row(out, "", "total", width, total);
  double forward = sums[PART_FORWARD].operations, both = forward + sums[PART_BACKWARD].operations;
  if (forward > 0 && has_part(e, PART_BACKWARD))
    text_printf(out, "%-*s %15.2f\n", width, "(forward + backward) / forward", both / forward);
}

void print_cost(Text *out, const Plan *plan) {
  text_printf(out, "# operations on reals and bytes of distinct memory, a call, target %s\n",
              plan->target->name);
  for (uint32_t i = 0; i < plan->n_entries; i++) {
    text_add(out, "\n");
    print_entry(out, &plan->entries[i]);
  }
}
