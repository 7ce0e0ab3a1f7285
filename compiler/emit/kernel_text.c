/* A kernel as a static C function, headed by the definitions that it computes. */
#include <string.h>
#include "emit/emitter.h"
#include "emit/lines.h"
#include "emit/writer.h"

void write_comment_text(Text *out, const char *text) {
  for (const char *c = text; *c != '\0'; c++) {
    bool opens = c > text && ((c[-1] == '/' && *c == '*') || (c[-1] == '*' && *c == '/'));
    if (opens) text_add(out, " ");
    text_addn(out, c, 1);
  }
}

/* One line of a kernel's comment. Four blanks precede a place in the source, which stands behind
   the last line however long that is: where lines break does not hang on it. */
static void write_comment_line(Text *out, const char *begin, const char *line) {
  Text text = text_new(out->arena);
  const char *place = strstr(line, "    ");
  size_t length = place == NULL ? strlen(line) : (size_t)(place - line);
  text_add(&text, begin);
  write_comment_text(&text, arena_strndup(out->arena, line, length));
  add_wrapped_comment(out, text_string(&text));
  if (place != NULL) write_comment_text(out, place);
}

static const char **take_parameters(Names *names, const Kernel *kernel) {
  const char **taken = ARENA_ARRAY(names->arena, const char *, kernel->n_parameters + 1);
  for (uint32_t i = 0; i < kernel->n_parameters; i++)
    taken[i] = names_take(names, base_name(names->arena, kernel->parameters[i].name));
  return taken;
}

static const char **take_sites(Names *names, const Kernel *kernel) {
  const char **taken = ARENA_ARRAY(names->arena, const char *, kernel->n_sites + 1);
  for (uint32_t i = 0; kernel->sites_vary && i < kernel->n_sites; i++)
    taken[i] = names_take(names, "site");
  return taken;
}

static void count_assignments(const StatementList *block, uint32_t *assignments) {
  for (uint32_t i = 0; i < block->n; i++) {
    const Statement *s = &block->items[i];
    assignments[s->local] += s->kind == STATEMENT_ASSIGN;
    count_assignments(&s->body, assignments);
    count_assignments(&s->other, assignments);
  }
}

/* C compilers inline functions that are called once, and take more than linear time on what that
   makes of an entry with many kernels: wasm32's forever. */
enum { MANY_KERNELS = 64 };

static void write_head(const Writer *w, const char *name, bool apart) {
  const Kernel *k = w->kernel;
  bool begun = false;
  text_printf(w->out, "static %svoid %s(", apart ? "NOINLINE " : "", name);
  for (uint32_t i = 0; i < k->n_parameters; i++) {
    const Parameter *p = &k->parameters[i];
    text_printf(w->out, "%s%s%s *restrict %s", begun ? ", " : "", p->written ? "" : "const ",
                element_type(type_stored(p->type, p->storage)), w->parameters[i]);
    begun = true;
  }
  if (k->uses_step) text_add(w->out, begun ? ", int64_t step" : "int64_t step");
  begun = begun || k->uses_step;
  if (k->uses_seed) text_add(w->out, begun ? ", uint64_t seed" : "uint64_t seed");
  for (uint32_t i = 0; k->sites_vary && i < k->n_sites; i++)
    text_printf(w->out, ", int64_t %s", w->sites[i]);
  text_add(w->out, ") {\n");
}

/* "25.7 Mflop, 1.1 MB"; NULL: not worth a thought. */
static const char *cost_text(Arena *arena, const Kernel *k) {
  if (k->flops < 1e5 && k->bytes < 1e5) return NULL;
  const char *memory = arena_printf(arena, "%.3g MB", k->bytes * 1e-6);
  if (k->flops == 0) return memory;
  return arena_printf(arena, "%.3g Mflop, %s", k->flops * 1e-6, memory);
}

static void write_comment(Text *out, const Kernel *k) {
  const char *cost = cost_text(out->arena, k), *begin = "\n/* ";
  for (const char *line = k->comment; line != NULL;) {
    size_t length = strcspn(line, "\n");
    const char *text = arena_strndup(out->arena, line, length);
    bool contraction = strncmp(text, "contraction ", 12) == 0;
    if (contraction && cost != NULL) text = arena_printf(out->arena, "%s; %s", text, cost);
    if (contraction) cost = NULL;
    write_comment_line(out, begin, text);
    begin = "\n   ";
    line = line[length] == '\n' ? line + length + 1 : NULL;
  }
  if (cost != NULL) write_comment_line(out, begin, cost);
  text_add(out, " */\n");
}

void write_kernel(Emitter *e, Text *out, KernelId id) {
  const Kernel *k = &e->plan->kernels[id];
  Names names = names_new(e->arena, NULL);
  uint32_t *assignments = ARENA_ARRAY(e->arena, uint32_t, k->n_locals + 1);
  count_assignments(&k->body, assignments);
  Text function = text_new(e->arena);
  Writer w = {.arena = e->arena,
              .out = &function,
              .lanes = &e->lanes,
              .kernel = k,
              .names = &names,
              .parameters = take_parameters(&names, k),
              .sites = take_sites(&names, k),
              .variables = ARENA_ARRAY(e->arena, const char *, k->n_variables + 1),
              .locals = ARENA_ARRAY(e->arena, const char *, k->n_locals + 1),
              .ranges = ARENA_ARRAY(e->arena, Interval, k->n_variables + 1),
              .assignments = assignments,
              .depth = 1};
  write_comment(out, k);
  write_head(&w, e->kernels[id], e->plan->n_kernels > MANY_KERNELS);
  write_block(&w, &k->body);
  text_add(&function, "}\n");
  add_wrapped(out, text_string(&function));
}
