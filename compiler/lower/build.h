/* Building a kernel: values, statements, and blocks that are open. Private to lower/. */
#pragma once
#include "lower/kernel.h"

typedef struct OpenBlock {
  ARRAY(Statement) statements;
  struct OpenBlock *outer;
  Statement head; /* the loop or branch whose body this is */
  bool is_other;  /* its else branch */
} OpenBlock;

typedef struct Builder {
  Arena *arena;
  const Plan *plan; /* whose buffers the parameters are bound to */
  ARRAY(Value) values;
  ARRAY(Local) locals;
  ARRAY(Parameter) parameters;
  ARRAY(BufferId) bound; /* per parameter */
  ARRAY(const char *) variables;
  ARRAY(ValueId) variable_values; /* per variable */
  Map names;                      /* taken: name → how often */
  OpenBlock *block;
  Part part; /* that the statements are for which are built now */
  bool uses_step, uses_seed;
  ARRAY(ValueId) sites;
} Builder;

Builder *builder_new(Arena *arena, const Plan *plan);
/* The kernel built, all blocks being closed; its flops and bytes are the caller's to set. */
Kernel builder_finish(Builder *b, const char *name, const char *comment);

/* --- values --- */
static inline Lanes lanes_of(ScalarType type, int lanes) {
  return (Lanes){type, (uint8_t)lanes, 0};
}
static inline const Value *value_at(const Builder *b, ValueId id) { return &b->values.items[id]; }
ValueId kernel_number(Builder *b, ScalarType type, double value); /* any type */
ValueId kernel_integer(Builder *b, ScalarType type, int64_t value);
ValueId kernel_offset(Builder *b, ScalarType type, Offset offset);
ValueId kernel_local(Builder *b, uint32_t local, const Offset *at, uint32_t n_at);
/* Consecutive elements of an array of scalars. */
ValueId kernel_local_lanes(Builder *b, uint32_t local, const Offset *at, uint32_t n_at, int lanes);
ValueId kernel_load(Builder *b, uint32_t parameter, Offset offset, int lanes);
/* `value` in every lane; itself when lanes is 1 or it has lanes. Constant masks are not splat: see
   kernel_mask. */
ValueId kernel_splat(Builder *b, ValueId value, int lanes);
ValueId kernel_ramp(Builder *b, ScalarType type, int lanes);
ValueId kernel_fold(Builder *b, ScalarOp op, ValueId value);
ValueId kernel_fold_rows(Builder *b, uint32_t local);
/* See VALUE_SLOT. */
ValueId kernel_slot(Builder *b, Offset turn, int64_t turns);
/* A load that has been made, of fewer elements. */
ValueId kernel_load_part(Builder *b, ValueId load, int present);
/* The result type follows scalar_ops.def; `type` is that of casts and random numbers. */
ValueId kernel_op(Builder *b, ScalarOp op, ScalarType type, const ValueId *args, uint32_t n);
ValueId kernel_op2(Builder *b, ScalarOp op, ValueId a, ValueId c);

/* --- offsets --- */
static inline Offset offset_number(int64_t constant) { return (Offset){.constant = constant}; }
Offset offset_variable(Builder *b, uint32_t variable);
Offset offset_add_term(Builder *b, Offset a, int64_t factor, ValueId value);
/* a + factor · b */
Offset offset_add(Builder *b, Offset a, int64_t factor, Offset other);

/* --- names --- */
/* The last part of a dotted path as a C identifier that is not a keyword. */
const char *c_identifier(Arena *arena, const char *name);
uint32_t kernel_variable(Builder *b, const char *name); /* a number is added when it is taken */
uint32_t kernel_new_local(Builder *b, const char *name, Lanes type);
uint32_t kernel_array(Builder *b, const char *name, Lanes type, int64_t size0, int64_t size1);
/* Where the values of a local of an integer type are. */
void kernel_local_range(Builder *b, uint32_t local, Interval range);
/* The parameter bound to that buffer. */
uint32_t kernel_parameter(Builder *b, BufferId buffer, bool written);

/* --- statements --- */
void kernel_loop(Builder *b, uint32_t variable, int64_t from, int64_t to, int64_t step,
                 LoopMark mark);
/* Of the loop opened last, which counts by 1: only the turns from *least on and before *beyond,
   where they are not NULL; `turns` of them on average. */
void kernel_limit(Builder *b, const Offset *least, const Offset *beyond, double turns);
void kernel_if(Builder *b, ValueId condition);
void kernel_else(Builder *b);
/* Closes the innermost loop or branch. */
void kernel_end(Builder *b);
/* What follows depends on what stands before. The turns of a loop without one at its end do not
   depend on each other as far as loops in it are marked as parallel. */
void kernel_barrier(Builder *b);
void kernel_declare(Builder *b, uint32_t local, ValueId value);
void kernel_assign(Builder *b, uint32_t local, const Offset *at, uint32_t n_at, ValueId value);
void kernel_store(Builder *b, uint32_t parameter, Offset offset, ValueId value);
void kernel_prefetch(Builder *b, uint32_t parameter, Offset offset, bool for_writing);
void kernel_transpose(Builder *b, Lanes row, uint32_t from, Offset from_offset, int64_t from_stride,
                      uint32_t to, Offset to_offset, int64_t to_stride);
/* A comment above the statement that is built next. */
void kernel_comment(Builder *b, const char *text);
