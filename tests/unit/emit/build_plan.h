/* Kernels and plans put together by hand, for the tests of emit/. */
#pragma once
#include "emit/emit.h"

enum { MAX_VALUES = 4096, MAX_STATEMENTS = 256, MAX_LOCALS = 64 };

static inline Lanes lanes_of(ScalarType type, uint8_t lanes) {
  return (Lanes){type, lanes, type == TYPE_BOOL && lanes > 1 ? 4 : 0};
}

typedef struct Builder {
  Arena *arena;
  Kernel *kernel;
} Builder;

static inline Builder builder_new(Arena *arena, Kernel *kernel, const char *name) {
  *kernel = (Kernel){.name = name, .comment = name};
  kernel->values = ARENA_ARRAY(arena, Value, MAX_VALUES);
  kernel->locals = ARENA_ARRAY(arena, Local, MAX_LOCALS);
  kernel->variables = ARENA_ARRAY(arena, const char *, MAX_LOCALS);
  kernel->parameters = ARENA_ARRAY(arena, Parameter, MAX_LOCALS);
  kernel->body.items = ARENA_ARRAY(arena, Statement, MAX_STATEMENTS);
  return (Builder){arena, kernel};
}

static inline ValueId add_value(Builder *b, Value v) {
  if (b->kernel->n_values == MAX_VALUES) bug("test", "too many values");
  b->kernel->values[b->kernel->n_values] = v;
  return b->kernel->n_values++;
}

static inline ValueId real_number(Builder *b, ScalarType type, double x) {
  return add_value(b, (Value){.kind = VALUE_NUMBER, .type = lanes_of(type, 1), .real = x});
}

static inline ValueId integer_number(Builder *b, ScalarType type, int64_t x) {
  return add_value(b, (Value){.kind = VALUE_NUMBER, .type = lanes_of(type, 1), .integer = x});
}

static inline ValueId variable(Builder *b, uint32_t index) {
  return add_value(b,
                   (Value){.kind = VALUE_VARIABLE, .type = lanes_of(TYPE_I32, 1), .index = index});
}

static inline Offset offset_of(Builder *b, int64_t constant, uint32_t n, const int64_t *factors,
                               const ValueId *values) {
  OffsetTerm *terms = ARENA_ARRAY(b->arena, OffsetTerm, n + 1);
  for (uint32_t i = 0; i < n; i++) terms[i] = (OffsetTerm){factors[i], values[i]};
  return (Offset){constant, n, terms};
}

/* factor · value + constant */
static inline Offset affine(Builder *b, int64_t factor, ValueId value, int64_t constant) {
  return offset_of(b, constant, 1, &factor, &value);
}

static inline ValueId load(Builder *b, uint32_t parameter, uint8_t lanes, Offset offset) {
  ScalarType type = b->kernel->parameters[parameter].type;
  return add_value(b, (Value){.kind = VALUE_LOAD,
                              .type = lanes_of(type, lanes),
                              .index = parameter,
                              .offset = offset});
}

static inline ValueId operation(Builder *b, ScalarOp op, Lanes type, uint32_t n,
                                const ValueId *args) {
  ValueId *copy = ARENA_ARRAY(b->arena, ValueId, n + 1);
  for (uint32_t i = 0; i < n; i++) copy[i] = args[i];
  return add_value(b, (Value){.kind = VALUE_OP, .type = type, .op = op, .n_args = n, .args = copy});
}

static inline ValueId wrap_one(Builder *b, ValueKind kind, Lanes type, ScalarOp op, ValueId arg) {
  ValueId *copy = ARENA_ARRAY(b->arena, ValueId, 1);
  *copy = arg;
  return add_value(b, (Value){.kind = kind, .type = type, .op = op, .n_args = 1, .args = copy});
}

static inline ValueId splat(Builder *b, uint8_t lanes, ValueId scalar) {
  Lanes type = b->kernel->values[scalar].type;
  return wrap_one(b, VALUE_SPLAT, lanes_of(type.type, lanes), OP_ADD, scalar);
}

static inline uint32_t add_parameter(Builder *b, const char *name, ScalarType type, bool written) {
  b->kernel->parameters[b->kernel->n_parameters] =
      (Parameter){.name = name, .type = type, .written = written, .read = !written};
  return b->kernel->n_parameters++;
}

static inline uint32_t add_variable(Builder *b, const char *name) {
  b->kernel->variables[b->kernel->n_variables] = name;
  return b->kernel->n_variables++;
}

static inline StatementList block_new(Builder *b) {
  return (StatementList){.items = ARENA_ARRAY(b->arena, Statement, MAX_STATEMENTS)};
}

static inline Statement *add_statement(StatementList *block, Statement s) {
  block->items[block->n] = s;
  return &block->items[block->n++];
}

static inline Statement *add_loop(StatementList *block, uint32_t variable_number, int64_t to, int64_t step,
                                  StatementList body) {
  return add_statement(block, (Statement){.kind = STATEMENT_LOOP,
                                          .variable = variable_number,
                                          .to = to,
                                          .step = step,
                                          .body = body,
                                          .value = VALUE_NONE});
}

static inline void add_store(StatementList *block, uint32_t parameter, Offset offset, ValueId value) {
  add_statement(block, (Statement){.kind = STATEMENT_STORE,
                                   .parameter = parameter,
                                   .offset = offset,
                                   .value = value});
}
