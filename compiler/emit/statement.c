/* Statements as C text, indented by two columns a block; lines.c breaks what becomes too long. */
#include <inttypes.h>
#include <string.h>
#include "emit/writer.h"

static void indent(const Writer *w) { text_printf(w->out, "%*s", 2 * w->depth, ""); }

static void write_statement(Writer *w, const Statement *s);

/* A block has names of its own, so blocks beside each other use the same. */
static void write_inner(Writer *w, const StatementList *block) {
  Names *outer = w->names, inner = names_new(w->arena, outer);
  w->names = &inner;
  w->depth++;
  write_block(w, block);
  w->depth--;
  w->names = outer;
}

static bool runs_once(const Statement *s) {
  return s->kind == STATEMENT_LOOP && s->to - s->from == s->step && s->least == NULL &&
         s->beyond == NULL;
}

/* Whether it is written as one statement that needs no braces. */
static bool is_simple(const StatementList *block) {
  if (block->n != 1 || block->items[0].comment != NULL) return false;
  const Statement *s = &block->items[0];
  if (runs_once(s)) return is_simple(&s->body);
  return s->kind != STATEMENT_IF && s->kind != STATEMENT_DECLARE && s->kind != STATEMENT_BARRIER;
}

/* { … } after the head of a statement. */
static void write_body(Writer *w, const StatementList *block) {
  bool simple = is_simple(block);
  text_add(w->out, simple ? "\n" : " {\n");
  write_inner(w, block);
  if (simple) return;
  indent(w);
  text_add(w->out, "}\n");
}

/* Of two loops that run in parallel together, one may have a single turn and not be written. */
static const char *loop_mark(const Statement *s) {
  bool both = s->body.n == 1 && !runs_once(&s->body.items[0]);
  switch (s->mark) {
  case LOOP_PLAIN: return "";
  case LOOP_ROLLED: return "ROLLED ";
  case LOOP_UNROLLED2: return "UNROLLED2 ";
  case LOOP_UNROLLED: return "UNROLLED ";
  case LOOP_PARALLEL: return "SHARED ";
  case LOOP_PARALLEL2: return both ? "SHARED2 " : "SHARED ";
  }
  bug("emit", "loop mark %d", (int)s->mark);
}

/* Where a loop begins or ends: the constant, or the limit where that is further in, as it may
   always be. */
static void write_limit(Writer *w, int64_t constant, const Offset *limit, bool begins) {
  if (limit == NULL) {
    text_printf(w->out, "%" PRId64, constant);
    return;
  }
  Interval range = offset_range(w, limit);
  if (begins ? range.low >= constant : range.high <= constant) {
    write_offset(w, limit);
    return;
  }
  text_add(w->out, "(");
  write_offset(w, limit);
  text_printf(w->out, " %s %" PRId64 " ? ", begins ? ">" : "<", constant);
  write_offset(w, limit);
  text_printf(w->out, " : %" PRId64 ")", constant);
}

static void write_loop(Writer *w, const Statement *s) {
  Names *outer = w->names, inner = names_new(w->arena, outer);
  w->names = &inner;
  const char *v = names_take(w->names, base_name(w->arena, w->kernel->variables[s->variable]));
  w->variables[s->variable] = v;
  w->ranges[s->variable] = (Interval){s->from, s->to > s->from ? s->to - s->step : s->from};
  text_printf(w->out, "%sfor (int64_t %s = ", loop_mark(s), v);
  write_limit(w, s->from, s->least, true);
  text_printf(w->out, "; %s < ", v);
  write_limit(w, s->to, s->beyond, false);
  text_add(w->out, "; ");
  if (s->step == 1)
    text_printf(w->out, "%s++)", v);
  else
    text_printf(w->out, "%s += %" PRId64 ")", v, s->step);
  write_body(w, &s->body);
  w->names = outer;
}

/* A loop of one turn: its body, with the value for the variable. */
static void write_once(Writer *w, const Statement *s) {
  w->ranges[s->variable] = (Interval){s->from, s->from};
  if (s->mark == LOOP_PARALLEL2 && s->body.n == 1) {
    Statement inner = s->body.items[0];
    inner.mark = LOOP_PARALLEL;
    write_statement(w, &inner);
  } else {
    write_block(w, &s->body);
  }
}

static void write_if(Writer *w, const Statement *s) {
  text_add(w->out, "if (");
  write_value(w, s->value, BINDS_NOT);
  text_add(w->out, ") {\n");
  write_inner(w, &s->body);
  indent(w);
  if (s->other.n > 0) {
    text_add(w->out, "} else {\n");
    write_inner(w, &s->other);
    indent(w);
  }
  text_add(w->out, "}\n");
}

/* `value` VALUE_NONE: not initialised; `assignments`: how many change it afterwards. */
static void write_declaration(Writer *w, uint32_t number, ValueId value, uint32_t assignments) {
  const Local *local = &w->kernel->locals[number];
  const char *name = names_take(w->names, base_name(w->arena, local->name));
  bool constant = value != VALUE_NONE && assignments == 0;
  text_printf(w->out, "%s%s %s", constant ? "const " : "", value_type(w, local->type), name);
  for (uint32_t i = 0; i < local->dimensions; i++)
    if (local->size[i] > 1) text_printf(w->out, "[%" PRId64 "]", local->size[i]);
  if (value != VALUE_NONE) {
    text_add(w->out, " = ");
    write_value(w, value, BINDS_NOT);
  }
  text_add(w->out, ";\n");
  w->locals[number] = name;
}

/* The assignment with which a block goes on after a declaration without a value, if that is what
   follows: the two become one. Loops of one turn are not in the way. */
static const Statement *first_value(const Writer *w, const StatementList *block, uint32_t after) {
  const Local *local = &w->kernel->locals[block->items[after].local];
  for (uint32_t i = 0; i < local->dimensions; i++)
    if (local->size[i] > 1) return NULL;
  if (block->items[after].value != VALUE_NONE || after + 1 == block->n) return NULL;
  const Statement *s = &block->items[after + 1];
  while (runs_once(s) && s->comment == NULL && s->body.n > 0) s = &s->body.items[0];
  return s->kind == STATEMENT_ASSIGN && s->local == block->items[after].local ? s : NULL;
}

/* x = x + … as x += … */
static bool adds_to_itself(const Writer *w, const Statement *s, const Value *v) {
  if (v->kind != VALUE_OP || v->op != OP_ADD || !type_is_real(v->type.type)) return false;
  const Value *first = value_at(w, v->args[0]);
  if (first->kind != VALUE_LOCAL || first->index != s->local || first->n_at != s->n_at)
    return false;
  for (uint32_t i = 0; i < s->n_at; i++) {
    const Offset *a = &first->at[i], *b = &s->at[i];
    if (a->constant != b->constant || a->n != b->n) return false;
    for (uint32_t k = 0; k < a->n; k++)
      if (a->terms[k].factor != b->terms[k].factor || a->terms[k].value != b->terms[k].value)
        return false;
  }
  return true;
}

static void write_assignment(Writer *w, const Statement *s) {
  const Value *v = value_at(w, s->value);
  if (w->declaring == s) {
    write_declaration(w, s->local, s->value, w->assignments[s->local] - 1);
    return;
  }
  if (v->type.lanes > w->kernel->locals[s->local].type.lanes) {
    text_printf(w->out, "%s(&", lane_helper(w->lanes, v->type.type, v->type.lanes, "store"));
    write_local(w, s->local, s->n_at, s->at);
    text_add(w->out, ", ");
    write_value(w, s->value, BINDS_NOT);
    text_add(w->out, ");\n");
    return;
  }
  write_local(w, s->local, s->n_at, s->at);
  bool adds = adds_to_itself(w, s, v);
  text_add(w->out, adds ? " += " : " = ");
  write_value(w, adds ? v->args[1] : s->value, BINDS_NOT);
  text_add(w->out, ";\n");
}

static void write_place(Writer *w, uint32_t parameter, const Offset *offset) {
  text_printf(w->out, "%s[", w->parameters[parameter]);
  write_offset(w, offset);
  text_add(w->out, "]");
}

static void write_stored_store(Writer *w, const Statement *s, Lanes type, ScalarType stored) {
  bool vector = type.lanes > 1, narrow = stored == TYPE_I8;
  bool converts = type.type == TYPE_F64 || narrow;
  const char *to = lane_type(w->lanes, narrow ? TYPE_I8 : TYPE_F32, type.lanes);
  bool calls = vector || !narrow;
  if (calls) text_printf(w->out, "%s(&", lane_helper(w->lanes, stored, type.lanes, "store"));
  write_place(w, s->parameter, &s->offset);
  text_add(w->out, calls ? ", " : " = ");
  if (converts && vector) text_add(w->out, "__builtin_convertvector(");
  if (converts && !vector) text_printf(w->out, "(%s)", to);
  write_value(w, s->value, converts && !vector ? BINDS_WHOLE : BINDS_NOT);
  if (converts && vector) text_printf(w->out, ", %s)", to);
  text_add(w->out, calls ? ");\n" : ";\n");
}

static void write_store(Writer *w, const Statement *s) {
  Lanes type = value_at(w, s->value)->type;
  ScalarType storage = w->kernel->parameters[s->parameter].storage;
  if (storage != TYPE_BOOL) {
    write_stored_store(w, s, type, storage);
    return;
  }
  if (type.lanes == 1) {
    write_place(w, s->parameter, &s->offset);
    text_add(w->out, " = ");
    write_value(w, s->value, BINDS_NOT);
    text_add(w->out, ";\n");
    return;
  }
  bool mask = type.type == TYPE_BOOL; /* -1 or 0 in memory is 1 or 0 */
  text_printf(w->out, "%s(&", lane_helper(w->lanes, type.type, type.lanes, "store"));
  write_place(w, s->parameter, &s->offset);
  text_add(w->out, mask ? ", __builtin_convertvector(-" : ", ");
  write_value(w, s->value, mask ? BINDS_WHOLE : BINDS_NOT);
  if (mask) text_printf(w->out, ", %s)", lane_type(w->lanes, TYPE_U8, type.lanes));
  text_add(w->out, ");\n");
}

static void write_prefetch(Writer *w, const Statement *s) {
  text_add(w->out, "__builtin_prefetch(&");
  write_place(w, s->parameter, &s->offset);
  text_add(w->out, s->for_writing ? ", 1);\n" : ");\n");
}

static void write_transpose(Writer *w, const Statement *s) {
  text_printf(w->out, "%s(&", lane_helper(w->lanes, s->type.type, s->type.lanes, "transpose"));
  write_place(w, s->parameter, &s->offset);
  text_printf(w->out, ", %" PRId64 ", &", s->stride);
  write_place(w, s->parameter2, &s->offset2);
  text_printf(w->out, ", %" PRId64 ");\n", s->stride2);
}

static void write_statement(Writer *w, const Statement *s) {
  if (runs_once(s)) {
    write_once(w, s);
    return;
  }
  if (s->comment != NULL) {
    indent(w);
    text_printf(w->out, "/* %s */\n", s->comment);
  }
  indent(w);
  switch (s->kind) {
  case STATEMENT_LOOP: write_loop(w, s); return;
  case STATEMENT_IF: write_if(w, s); return;
  case STATEMENT_DECLARE:
    write_declaration(w, s->local, s->value, w->assignments[s->local]);
    return;
  case STATEMENT_ASSIGN: write_assignment(w, s); return;
  case STATEMENT_STORE: write_store(w, s); return;
  case STATEMENT_PREFETCH: write_prefetch(w, s); return;
  case STATEMENT_TRANSPOSE: write_transpose(w, s); return;
  case STATEMENT_ONE:
    text_add(w->out, "ONE");
    write_body(w, &s->body);
    return;
  case STATEMENT_BARRIER: text_add(w->out, "BARRIER\n"); return;
  }
}

void write_block(Writer *w, const StatementList *block) {
  for (uint32_t i = 0; i < block->n; i++) {
    const Statement *s = &block->items[i];
    const Statement *first = s->kind == STATEMENT_DECLARE ? first_value(w, block, i) : NULL;
    if (first != NULL)
      w->declaring = first;
    else
      write_statement(w, s);
  }
}
