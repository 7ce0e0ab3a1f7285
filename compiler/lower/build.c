#include "lower/build.h"
#include <ctype.h>
#include <string.h>
#include "graph/scalar_ops.h"

Builder *builder_new(Arena *arena, const Plan *plan) {
  Builder *b = ARENA_NEW(arena, Builder);
  b->arena = arena;
  b->plan = plan;
  b->names = map_new(arena);
  b->block = ARENA_NEW(arena, OpenBlock);
  return b;
}

Kernel builder_finish(Builder *b, const char *name, const char *comment) {
  if (b->block->outer != NULL) bug("lower", "%s: a block was left open", name);
  return (Kernel){.name = name,
                  .comment = comment,
                  .parameters = b->parameters.items,
                  .n_parameters = (uint32_t)b->parameters.count,
                  .variables = b->variables.items,
                  .n_variables = (uint32_t)b->variables.count,
                  .locals = b->locals.items,
                  .n_locals = (uint32_t)b->locals.count,
                  .values = b->values.items,
                  .n_values = (uint32_t)b->values.count,
                  .body = {b->block->statements.items, (uint32_t)b->block->statements.count},
                  .uses_step = b->uses_step,
                  .uses_seed = b->uses_seed,
                  .sites = b->sites.items,
                  .n_sites = (uint32_t)b->sites.count};
}

/* --- values --- */

static ValueId add_value(Builder *b, Value value) {
  ARRAY_PUSH(b->arena, &b->values, value);
  return (ValueId)(b->values.count - 1);
}

ValueId kernel_integer(Builder *b, ScalarType type, int64_t value) {
  if (type_is_real(type)) return kernel_number(b, type, (double)value);
  return add_value(b, (Value){.kind = VALUE_NUMBER, .type = lanes_of(type, 1), .integer = value});
}

ValueId kernel_number(Builder *b, ScalarType type, double value) {
  if (!type_is_real(type)) return kernel_integer(b, type, (int64_t)value);
  return add_value(b, (Value){.kind = VALUE_NUMBER, .type = lanes_of(type, 1), .real = value});
}

ValueId kernel_offset(Builder *b, ScalarType type, Offset offset) {
  bool whole = offset.n == 1 && offset.constant == 0 && offset.terms[0].factor == 1;
  if (offset.n == 0) return kernel_integer(b, type, offset.constant);
  if (whole && value_at(b, offset.terms[0].value)->type.type == type) return offset.terms[0].value;
  return add_value(b, (Value){.kind = VALUE_OFFSET, .type = lanes_of(type, 1), .offset = offset});
}

static const Offset *copy_offsets(Builder *b, const Offset *at, uint32_t n) {
  Offset *copy = ARENA_ARRAY(b->arena, Offset, n + 1);
  if (n > 0) memcpy(copy, at, n * sizeof *at);
  return copy;
}

ValueId kernel_local(Builder *b, uint32_t local, const Offset *at, uint32_t n_at) {
  return add_value(b, (Value){.kind = VALUE_LOCAL,
                              .type = b->locals.items[local].type,
                              .index = local,
                              .at = copy_offsets(b, at, n_at),
                              .n_at = n_at});
}

ValueId kernel_local_lanes(Builder *b, uint32_t local, const Offset *at, uint32_t n_at, int lanes) {
  return add_value(b, (Value){.kind = VALUE_LOCAL,
                              .type = lanes_of(b->locals.items[local].type.type, lanes),
                              .index = local,
                              .at = copy_offsets(b, at, n_at),
                              .n_at = n_at});
}

ValueId kernel_load(Builder *b, uint32_t parameter, Offset offset, int lanes) {
  b->parameters.items[parameter].read = true;
  return add_value(b, (Value){.kind = VALUE_LOAD,
                              .type = lanes_of(b->parameters.items[parameter].type, lanes),
                              .index = parameter,
                              .offset = offset});
}

static const ValueId *copy_args(Builder *b, const ValueId *args, uint32_t n) {
  ValueId *copy = ARENA_ARRAY(b->arena, ValueId, n + 1);
  if (n > 0) memcpy(copy, args, n * sizeof *args);
  return copy;
}

ValueId kernel_splat(Builder *b, ValueId value, int lanes) {
  Lanes type = value_at(b, value)->type;
  if (lanes == 1 || type.lanes > 1) return value;
  type.lanes = (uint8_t)lanes;
  return add_value(
      b, (Value){.kind = VALUE_SPLAT, .type = type, .args = copy_args(b, &value, 1), .n_args = 1});
}

ValueId kernel_ramp(Builder *b, ScalarType type, int lanes) {
  return add_value(b, (Value){.kind = VALUE_RAMP, .type = lanes_of(type, lanes)});
}

ValueId kernel_fold(Builder *b, ScalarOp op, ValueId value) {
  return add_value(b, (Value){.kind = VALUE_FOLD,
                              .type = lanes_of(value_at(b, value)->type.type, 1),
                              .op = op,
                              .args = copy_args(b, &value, 1),
                              .n_args = 1});
}

ValueId kernel_fold_rows(Builder *b, uint32_t local) {
  return add_value(
      b, (Value){.kind = VALUE_FOLD_ROWS, .type = b->locals.items[local].type, .index = local});
}

ValueId kernel_slot(Builder *b, Offset turn, int64_t turns) {
  ValueId number = kernel_offset(b, TYPE_I32, turn);
  return add_value(b, (Value){.kind = VALUE_SLOT,
                              .type = lanes_of(TYPE_I32, 1),
                              .integer = turns,
                              .args = copy_args(b, &number, 1),
                              .n_args = 1});
}

ValueId kernel_load_part(Builder *b, ValueId load, int present) {
  Value part = *value_at(b, load);
  part.present = (uint8_t)present;
  return add_value(b, part);
}

static void note_site(Builder *b, ValueId site) {
  if (value_at(b, site)->kind != VALUE_NUMBER) return;
  for (size_t i = 0; i < b->sites.count; i++)
    if (b->sites.items[i] == site) return;
  ARRAY_PUSH(b->arena, &b->sites, site);
}

ValueId kernel_op(Builder *b, ScalarOp op, ScalarType type, const ValueId *args, uint32_t n) {
  Lanes result = n == 0 ? lanes_of(type, 1) : value_at(b, args[n - 1])->type;
  switch (scalar_ops[op].gives) {
  case GIVES_OPERAND: break;
  case GIVES_BOOL:
    if (result.lanes > 1 && result.type != TYPE_BOOL)
      result.mask_bytes = (uint8_t)type_bytes(result.type);
    result.type = TYPE_BOOL;
    break;
  case GIVES_INTEGER: result.type = TYPE_I32; break;
  case GIVES_GIVEN:
    result.type = type;
    if (type != TYPE_BOOL) result.mask_bytes = 0;
    break;
  }
  bool random = op == OP_RANDOM_UNIFORM || op == OP_RANDOM_NORMAL;
  if (random) note_site(b, args[0]);
  b->uses_seed = b->uses_seed || random;
  b->uses_step = b->uses_step || b->uses_seed || op == OP_STEP;
  return add_value(
      b,
      (Value){
          .kind = VALUE_OP, .type = result, .op = op, .args = copy_args(b, args, n), .n_args = n});
}

ValueId kernel_op2(Builder *b, ScalarOp op, ValueId a, ValueId c) {
  return kernel_op(b, op, value_at(b, a)->type.type, (ValueId[]){a, c}, 2);
}

/* --- offsets --- */

Offset offset_variable(Builder *b, uint32_t variable) {
  return offset_add_term(b, offset_number(0), 1, b->variable_values.items[variable]);
}

Offset offset_add_term(Builder *b, Offset a, int64_t factor, ValueId value) {
  const Value *v = value_at(b, value);
  if (v->kind == VALUE_NUMBER) {
    a.constant += factor * v->integer;
    return a;
  }
  OffsetTerm *terms = ARENA_ARRAY(b->arena, OffsetTerm, a.n + 1);
  uint32_t n = 0;
  bool found = false;
  for (uint32_t i = 0; i < a.n; i++) {
    OffsetTerm term = a.terms[i];
    if (term.value == value) {
      term.factor += factor;
      found = true;
    }
    if (term.factor != 0) terms[n++] = term;
  }
  if (!found && factor != 0) terms[n++] = (OffsetTerm){factor, value};
  return (Offset){a.constant, n, terms};
}

Offset offset_add(Builder *b, Offset a, int64_t factor, Offset other) {
  a.constant += factor * other.constant;
  for (uint32_t i = 0; i < other.n; i++)
    a = offset_add_term(b, a, factor * other.terms[i].factor, other.terms[i].value);
  return a;
}

/* --- names --- */

static bool is_keyword(const char *name) {
  static const char *const keywords[] = {
      "auto",   "break",    "case",   "char",   "const",    "continue", "default", "do",
      "double", "else",     "enum",   "extern", "float",    "for",      "goto",    "if",
      "inline", "int",      "long",   "main",   "register", "restrict", "return",  "short",
      "signed", "sizeof",   "static", "struct", "switch",   "typedef",  "union",   "unsigned",
      "void",   "volatile", "while",  "asm",    "typeof",   "step",     "seed"};
  for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++)
    if (strcmp(name, keywords[i]) == 0) return true;
  return false;
}

/* The last part of a dotted path as a C identifier that is no keyword: `W_bar` of dense1.W_bar,
   `m_new` of m'. */
const char *c_identifier(Arena *arena, const char *name) {
  const char *dot = strrchr(name, '.');
  char *text = arena_strdup(arena, dot == NULL ? name : dot + 1);
  size_t length = strlen(text);
  bool is_new = length > 0 && text[length - 1] == '\'';
  if (is_new) text[length - 1] = '\0';
  for (char *c = text; *c != '\0'; c++)
    if (!isalnum((unsigned char)*c)) *c = '_';
  if (is_new)
    return arena_printf(arena, "%s%s_new", isdigit((unsigned char)text[0]) ? "_" : "", text);
  if (isdigit((unsigned char)text[0])) return arena_printf(arena, "_%s", text);
  return is_keyword(text) ? arena_printf(arena, "%s_", text) : text;
}

static const char *unique_name(Builder *b, const char *name) {
  const char *base = c_identifier(b->arena, name);
  uint32_t *taken = map_get(&b->names, base);
  if (taken == NULL) {
    map_set(&b->names, base, ARENA_NEW(b->arena, uint32_t));
    return base;
  }
  const char *numbered;
  do numbered = arena_printf(b->arena, "%s_%u", base, ++*taken + 1);
  while (map_get(&b->names, numbered) != NULL);
  map_set(&b->names, numbered, ARENA_NEW(b->arena, uint32_t));
  return numbered;
}

uint32_t kernel_variable(Builder *b, const char *name) {
  uint32_t variable = (uint32_t)b->variables.count;
  ARRAY_PUSH(b->arena, &b->variables, unique_name(b, name));
  ValueId value = add_value(
      b, (Value){.kind = VALUE_VARIABLE, .type = lanes_of(TYPE_I32, 1), .index = variable});
  ARRAY_PUSH(b->arena, &b->variable_values, value);
  return variable;
}

uint32_t kernel_array(Builder *b, const char *name, Lanes type, int64_t size0, int64_t size1) {
  Local local = {.name = unique_name(b, name),
                 .type = type,
                 .dimensions = size0 == 0 ? 0 : (size1 == 0 ? 1 : 2),
                 .size = {size0, size1}};
  ARRAY_PUSH(b->arena, &b->locals, local);
  return (uint32_t)(b->locals.count - 1);
}

uint32_t kernel_new_local(Builder *b, const char *name, Lanes type) {
  return kernel_array(b, name, type, 0, 0);
}

void kernel_local_range(Builder *b, uint32_t local, Interval range) {
  b->locals.items[local].range = range;
}

uint32_t kernel_parameter(Builder *b, BufferId buffer, bool written) {
  for (uint32_t i = 0; i < b->bound.count; i++) {
    if (b->bound.items[i] != buffer) continue;
    b->parameters.items[i].written = b->parameters.items[i].written || written;
    return i;
  }
  const Buffer *bound = &b->plan->buffers[buffer];
  Parameter parameter = {.name = unique_name(b, bound->name),
                         .type = bound->type,
                         .storage = bound->storage,
                         .written = written};
  ARRAY_PUSH(b->arena, &b->parameters, parameter);
  ARRAY_PUSH(b->arena, &b->bound, buffer);
  return (uint32_t)(b->bound.count - 1);
}

/* --- statements --- */

static void add_statement(Builder *b, Statement statement) {
  statement.comment = b->block->head.comment;
  statement.part = b->part;
  b->block->head.comment = NULL;
  ARRAY_PUSH(b->arena, &b->block->statements, statement);
}

/* A block under construction keeps the comment for its next statement in head.comment; that of the
   head itself was taken from the block around it. */
static void open_block(Builder *b, Statement head) {
  OpenBlock *block = ARENA_NEW(b->arena, OpenBlock);
  block->outer = b->block;
  block->head = head;
  b->block = block;
}

void kernel_comment(Builder *b, const char *text) { b->block->head.comment = text; }

void kernel_loop(Builder *b, uint32_t variable, int64_t from, int64_t to, int64_t step,
                 LoopMark mark) {
  open_block(b, (Statement){.kind = STATEMENT_LOOP,
                            .value = VALUE_NONE,
                            .variable = variable,
                            .from = from,
                            .to = to,
                            .step = step,
                            .turns = (double)((to - from) / step),
                            .mark = mark});
}

void kernel_limit(Builder *b, const Offset *least, const Offset *beyond, double turns) {
  Statement *loop = &b->block->head;
  loop->least = least;
  loop->beyond = beyond;
  loop->turns = turns;
}

void kernel_if(Builder *b, ValueId condition) {
  open_block(b, (Statement){.kind = STATEMENT_IF, .value = condition});
}

static StatementList closed(const OpenBlock *block) {
  return (StatementList){block->statements.items, (uint32_t)block->statements.count};
}

void kernel_else(Builder *b) {
  OpenBlock *then = b->block;
  then->head.body = closed(then);
  Statement head = then->head;
  b->block = then->outer;
  open_block(b, head);
  b->block->head.comment = NULL;
  b->block->is_other = true;
}

void kernel_end(Builder *b) {
  OpenBlock *block = b->block;
  if (block->outer == NULL) bug("lower", "no block is open");
  Statement statement = block->head;
  *(block->is_other ? &statement.other : &statement.body) = closed(block);
  b->block = block->outer;
  add_statement(b, statement);
}

void kernel_barrier(Builder *b) {
  add_statement(b, (Statement){.kind = STATEMENT_BARRIER, .value = VALUE_NONE});
}

void kernel_declare(Builder *b, uint32_t local, ValueId value) {
  add_statement(b, (Statement){.kind = STATEMENT_DECLARE, .local = local, .value = value});
}

void kernel_assign(Builder *b, uint32_t local, const Offset *at, uint32_t n_at, ValueId value) {
  add_statement(b, (Statement){.kind = STATEMENT_ASSIGN,
                               .local = local,
                               .at = copy_offsets(b, at, n_at),
                               .n_at = n_at,
                               .value = value});
}

/* The value before it is rounded to how the parameter is stored: a store rounds. */
static ValueId unrounded(const Builder *b, uint32_t parameter, ValueId id) {
  ScalarType storage = b->parameters.items[parameter].storage;
  const Value *v = value_at(b, id);
  bool rounds = type_is_storage(storage) && v->kind == VALUE_OP && v->type.type == TYPE_F32 &&
                v->op == rounding_op(storage);
  return rounds ? v->args[0] : id;
}

void kernel_store(Builder *b, uint32_t parameter, Offset offset, ValueId value) {
  b->parameters.items[parameter].written = true;
  value = unrounded(b, parameter, value);
  add_statement(
      b, (Statement){
             .kind = STATEMENT_STORE, .parameter = parameter, .offset = offset, .value = value});
}

void kernel_prefetch(Builder *b, uint32_t parameter, Offset offset, bool for_writing) {
  add_statement(b, (Statement){.kind = STATEMENT_PREFETCH,
                               .value = VALUE_NONE,
                               .parameter = parameter,
                               .offset = offset,
                               .for_writing = for_writing});
}

void kernel_transpose(Builder *b, Lanes row, uint32_t from, Offset from_offset, int64_t from_stride,
                      uint32_t to, Offset to_offset, int64_t to_stride) {
  b->parameters.items[from].read = true;
  b->parameters.items[to].written = true;
  add_statement(b, (Statement){.kind = STATEMENT_TRANSPOSE,
                               .value = VALUE_NONE,
                               .type = row,
                               .parameter = from,
                               .offset = from_offset,
                               .stride = from_stride,
                               .parameter2 = to,
                               .offset2 = to_offset,
                               .stride2 = to_stride});
}
