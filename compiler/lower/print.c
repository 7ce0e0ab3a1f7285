/* --emit=kernels: the plan as text, in the notation of kernel.h. */
#include <inttypes.h>
#include <string.h>
#include "graph/scalar_ops.h"
#include "lower/lower.h"

typedef struct Printer {
  Text *out;
  const Plan *plan;
  const Kernel *kernel;
} Printer;

static void print_value(const Printer *p, ValueId id);

static void print_lanes(Text *out, Lanes l) {
  text_add(out, l.mask_bytes != 0 ? "mask" : type_name(l.type));
  if (l.mask_bytes != 0) text_printf(out, "%d", 8 * l.mask_bytes);
  if (l.lanes > 1) text_printf(out, "x%d", l.lanes);
}

static void print_offset(const Printer *p, Offset o) {
  bool any = false;
  for (uint32_t i = 0; i < o.n; i++) {
    int64_t factor = o.terms[i].factor;
    text_add(p->out, any ? (factor < 0 ? " - " : " + ") : (factor < 0 ? "-" : ""));
    int64_t size = factor < 0 ? -factor : factor;
    if (size != 1) text_printf(p->out, "%" PRId64 "*", size);
    print_value(p, o.terms[i].value);
    any = true;
  }
  if (!any) text_printf(p->out, "%" PRId64, o.constant);
  if (any && o.constant != 0)
    text_printf(p->out, " %c %" PRId64, o.constant < 0 ? '-' : '+',
                o.constant < 0 ? -o.constant : o.constant);
}

static void print_local(const Printer *p, uint32_t local, const Offset *at, uint32_t n, int lanes) {
  text_add(p->out, p->kernel->locals[local].name);
  for (uint32_t i = 0; i < n; i++) {
    text_add(p->out, "[");
    print_offset(p, at[i]);
    text_add(p->out, lanes > p->kernel->locals[local].type.lanes ? "…]" : "]");
  }
}

static void print_operator(const Printer *p, const Value *v) {
  const ScalarOpInfo *info = &scalar_ops[v->op];
  if (info->infix != NULL && v->n_args == 2) {
    text_add(p->out, "(");
    print_value(p, v->args[0]);
    text_printf(p->out, " %s ", info->infix);
    print_value(p, v->args[1]);
    text_add(p->out, ")");
    return;
  }
  if (info->gives == GIVES_GIVEN)
    print_lanes(p->out, v->type);
  else
    text_add(p->out, info->name);
  if (v->n_args == 0) return;
  text_add(p->out, "(");
  for (uint32_t i = 0; i < v->n_args; i++) {
    if (i > 0) text_add(p->out, ", ");
    print_value(p, v->args[i]);
  }
  text_add(p->out, ")");
}

static void print_value(const Printer *p, ValueId id) {
  const Value *v = &p->kernel->values[id];
  Text *out = p->out;
  switch (v->kind) {
  case VALUE_NUMBER:
    if (type_is_real(v->type.type))
      text_printf(out, "%.9g", v->real);
    else
      text_printf(out, "%" PRId64, v->integer);
    break;
  case VALUE_VARIABLE: text_add(out, p->kernel->variables[v->index]); break;
  case VALUE_OFFSET:
    text_add(out, "(");
    print_offset(p, v->offset);
    text_add(out, ")");
    break;
  case VALUE_LOCAL: print_local(p, v->index, v->at, v->n_at, v->type.lanes); break;
  case VALUE_LOAD:
    text_printf(out, "%s[", p->kernel->parameters[v->index].name);
    print_offset(p, v->offset);
    text_add(out, v->type.lanes > 1 ? "…]" : "]");
    if (v->present > 0) text_printf(out, " of %d", v->present);
    break;
  case VALUE_SPLAT:
    text_add(out, "splat(");
    print_value(p, v->args[0]);
    text_add(out, ")");
    break;
  case VALUE_RAMP: text_add(out, "ramp"); break;
  case VALUE_FOLD:
    text_printf(out, "fold %s(", scalar_ops[v->op].name);
    print_value(p, v->args[0]);
    text_add(out, ")");
    break;
  case VALUE_FOLD_ROWS:
    text_printf(out, "fold rows(%s)", p->kernel->locals[v->index].name);
    break;
  case VALUE_SLOT:
    text_add(out, "slot(");
    print_value(p, v->args[0]);
    text_printf(out, " of %" PRId64 ")", v->integer);
    break;
  case VALUE_OP: print_operator(p, v); break;
  }
}

static void print_block(const Printer *p, StatementList block, int depth);

static void indent(const Printer *p, int depth) {
  for (int i = 0; i < depth; i++) text_add(p->out, "  ");
}

static const char *mark_text(LoopMark mark) {
  switch (mark) {
  case LOOP_PLAIN: return "";
  case LOOP_ROLLED: return " rolled";
  case LOOP_UNROLLED2: return " unrolled by 2";
  case LOOP_UNROLLED: return " unrolled";
  case LOOP_PARALLEL: return " parallel";
  case LOOP_PARALLEL2: return " parallel with";
  }
  return "";
}

static void print_limit(const Printer *p, const char *of, int64_t constant, const Offset *limit) {
  if (limit == NULL) {
    text_printf(p->out, "%" PRId64, constant);
    return;
  }
  text_printf(p->out, "%s(%" PRId64 ", ", of, constant);
  print_offset(p, *limit);
  text_add(p->out, ")");
}

static void print_loop(const Printer *p, const Statement *s, int depth) {
  text_printf(p->out, "for %s from ", p->kernel->variables[s->variable]);
  print_limit(p, "max", s->from, s->least);
  text_add(p->out, " to ");
  print_limit(p, "min", s->to, s->beyond);
  if (s->step != 1) text_printf(p->out, " by %" PRId64, s->step);
  text_printf(p->out, "%s {\n", mark_text(s->mark));
  print_block(p, s->body, depth + 1);
  indent(p, depth);
  text_add(p->out, "}");
}

static void print_if(const Printer *p, const Statement *s, int depth) {
  text_add(p->out, "if ");
  print_value(p, s->value);
  text_add(p->out, " {\n");
  print_block(p, s->body, depth + 1);
  indent(p, depth);
  text_add(p->out, "}");
  if (s->other.n == 0) return;
  text_add(p->out, " else {\n");
  print_block(p, s->other, depth + 1);
  indent(p, depth);
  text_add(p->out, "}");
}

static void print_declaration(const Printer *p, const Statement *s) {
  const Local *local = &p->kernel->locals[s->local];
  print_lanes(p->out, local->type);
  text_printf(p->out, " %s", local->name);
  for (uint32_t i = 0; i < local->dimensions; i++)
    text_printf(p->out, "[%" PRId64 "]", local->size[i]);
  if (s->value == VALUE_NONE) return;
  text_add(p->out, " = ");
  print_value(p, s->value);
}

static void print_transpose(const Printer *p, const Statement *s) {
  text_printf(p->out, "transpose %dx%d %s[", s->type.lanes, s->type.lanes,
              p->kernel->parameters[s->parameter].name);
  print_offset(p, s->offset);
  text_printf(p->out, "] rows %" PRId64 " apart to %s[", s->stride,
              p->kernel->parameters[s->parameter2].name);
  print_offset(p, s->offset2);
  text_printf(p->out, "] rows %" PRId64 " apart", s->stride2);
}

static void print_statement(const Printer *p, const Statement *s, int depth) {
  switch (s->kind) {
  case STATEMENT_LOOP: print_loop(p, s, depth); break;
  case STATEMENT_IF: print_if(p, s, depth); break;
  case STATEMENT_DECLARE: print_declaration(p, s); break;
  case STATEMENT_ASSIGN:
    print_local(p, s->local, s->at, s->n_at, p->kernel->values[s->value].type.lanes);
    text_add(p->out, " = ");
    print_value(p, s->value);
    break;
  case STATEMENT_STORE:
    text_printf(p->out, "%s[", p->kernel->parameters[s->parameter].name);
    print_offset(p, s->offset);
    text_add(p->out, p->kernel->values[s->value].type.lanes > 1 ? "…] = " : "] = ");
    print_value(p, s->value);
    break;
  case STATEMENT_PREFETCH:
    text_printf(p->out, "prefetch %s[", p->kernel->parameters[s->parameter].name);
    print_offset(p, s->offset);
    text_add(p->out, s->for_writing ? "] for writing" : "]");
    break;
  case STATEMENT_TRANSPOSE: print_transpose(p, s); break;
  case STATEMENT_ONE:
    text_add(p->out, "one {\n");
    print_block(p, s->body, depth + 1);
    indent(p, depth);
    text_add(p->out, "}");
    break;
  case STATEMENT_BARRIER: text_add(p->out, "barrier"); break;
  }
  text_add(p->out, "\n");
}

static void print_block(const Printer *p, StatementList block, int depth) {
  for (uint32_t i = 0; i < block.n; i++) {
    if (block.items[i].comment != NULL) {
      indent(p, depth);
      text_printf(p->out, "# %s\n", block.items[i].comment);
    }
    indent(p, depth);
    print_statement(p, &block.items[i], depth);
  }
}

static void print_comment(Text *out, const char *comment) {
  while (comment != NULL && *comment != '\0') {
    const char *end = strchr(comment, '\n');
    int length = end == NULL ? (int)strlen(comment) : (int)(end - comment);
    text_printf(out, "# %.*s\n", length, comment);
    comment = end == NULL ? NULL : end + 1;
  }
}

static void print_kernel(Text *out, const Plan *plan, const Kernel *k) {
  Printer p = {out, plan, k};
  print_comment(out, k->comment);
  text_printf(out, "kernel %s(", k->name);
  for (uint32_t i = 0; i < k->n_parameters; i++)
    text_printf(out, "%s%s%s %s", i == 0 ? "" : ", ", k->parameters[i].written ? "out " : "",
                type_name(type_stored(k->parameters[i].type, k->parameters[i].storage)),
                k->parameters[i].name);
  text_add(out, ") {\n");
  print_block(&p, k->body, 1);
  text_add(out, "}\n\n");
}

static void print_buffer(Text *out, const Buffer *b) {
  text_printf(out, "  %s %s[", type_name(buffer_stored(b)), b->name);
  for (uint32_t i = 0; i < b->rank; i++)
    text_printf(out, "%s%" PRId64, i == 0 ? "" : ", ", b->extents[i]);
  text_add(out, "] strides [");
  for (uint32_t i = 0; i < b->rank; i++)
    text_printf(out, "%s%" PRId64, i == 0 ? "" : ", ", b->strides[i]);
  if (b->panel != 0)
    text_printf(out, "] panels of %" PRId64 " along %" PRIu32, b->panel, b->panel_axis);
  else
    text_add(out, "]");
  text_printf(out, " at %" PRId64 " alive %u..%u\n", b->offset, b->first, b->last);
}

static void print_entry(Text *out, const Plan *plan, const EntryPlan *e, uint32_t number) {
  text_printf(out, "entry %s%s\n", e->entry == NULL ? "init" : e->entry->name,
              e->team ? " by a team" : "");
  for (uint32_t i = 0; i < e->n_checks; i++) {
    Interval within = e->checks[i].within;
    TensorId input = e->entry->inputs[e->checks[i].input];
    text_add(out, "  check ");
    if (within.low != INT64_MIN) text_printf(out, "%" PRId64 " <= ", within.low);
    text_add(out, tensor_at(plan->program->graph, input)->name);
    if (within.high != INT64_MAX) text_printf(out, " <= %" PRId64, within.high);
    text_add(out, "\n");
  }
  for (uint32_t i = 0; i < e->n_calls; i++) {
    const Kernel *k = &plan->kernels[e->calls[i].kernel];
    if (e->calls[i].waits) text_add(out, "  barrier\n");
    text_printf(out, "  %s%s(", e->team && !k->for_team ? "one " : "", k->name);
    for (uint32_t p = 0; p < k->n_parameters; p++)
      text_printf(out, "%s%s", p == 0 ? "" : ", ", plan->buffers[e->calls[i].buffers[p]].name);
    for (uint32_t s = 0; k->sites_vary && s < k->n_sites; s++)
      text_printf(out, ", site %" PRId64, e->calls[i].sites[s]);
    text_add(out, ")\n");
  }
  for (BufferId i = 0; i < plan->n_buffers; i++)
    if (plan->buffers[i].kind == BUFFER_WORKSPACE && plan->buffers[i].entry == number &&
        plan->buffers[i].first != UINT32_MAX)
      print_buffer(out, &plan->buffers[i]);
}

void print_kernels(Text *out, const Plan *plan) {
  text_printf(out, "# target %s, workspace of %" PRId64 " bytes\n\n", plan->target->name,
              plan->workspace_bytes);
  for (KernelId i = 0; i < plan->n_kernels; i++) print_kernel(out, plan, &plan->kernels[i]);
  for (uint32_t i = 0; i < plan->n_entries; i++) {
    print_entry(out, plan, &plan->entries[i], i);
    text_add(out, "\n");
  }
  print_entry(out, plan, &plan->init, plan->n_entries);
}
