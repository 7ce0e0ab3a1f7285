/* What one C function is written with. Private to emit/. */
#pragma once
#include "emit/lane_texts.h"
#include "emit/names.h"
#include "graph/scalar_ops.h"

typedef struct Writer {
  Arena *arena;
  Text *out;
  LaneTexts *lanes;
  const Kernel *kernel;
  const char **sites;                             /* parameters, where the kernel takes its sites */
  Names *names;                                   /* taken in the block that is written */
  const char **parameters, **variables, **locals; /* their names in C, once declared */
  Interval *ranges;                               /* of the loop variables */
  const uint32_t *assignments;                    /* per local: how many assign to it */
  const Statement *declaring; /* an assignment that is written as its local's declaration */
  int depth;                  /* of blocks */
} Writer;

/* number.c: a literal of that type, "0.5f"; integers of bool are 0 or 1. */
void write_real(Text *out, ScalarType type, double value);
void write_integer(Text *out, ScalarType type, int64_t value);

/* A loop variable that has one value only: its loop is not written, its value stands for it. */
static inline bool is_known(const Writer *w, uint32_t variable) {
  return w->ranges[variable].low == w->ranges[variable].high;
}

/* offset.c: `constant + Σ factor · value`, an int64_t. */
void write_offset(Writer *w, const Offset *offset);
/* How tightly an offset's text binds: see BINDS_… below. */
int offset_binds(Writer *w, const Offset *offset);
Interval offset_range(const Writer *w, const Offset *offset);
/* The values that an integer or bool may have. */
Interval value_range(const Writer *w, ValueId id);
bool range_within(Interval range, ScalarType type);

/* value.c: a value as a C expression, in parentheses unless it binds as tightly as `binds`. */
enum {
  BINDS_NOT, /* c ? a : b, and whatever stands alone */
  BINDS_OR,
  BINDS_AND,
  BINDS_EQUALITY,
  BINDS_COMPARISON,
  BINDS_SUM,
  BINDS_PRODUCT,
  BINDS_UNARY,
  BINDS_WHOLE
};
void write_value(Writer *w, ValueId id, int binds);
/* A local, or an element of one that is an array. Dimensions of size 1 are not written. */
void write_local(Writer *w, uint32_t local, uint32_t n_at, const Offset *at);
/* The C type of a value or local; a mask is a vector of integers. */
const char *value_type(Writer *w, Lanes type);

/* statement.c */
void write_block(Writer *w, const StatementList *block);

static inline const Value *value_at(const Writer *w, ValueId id) { return &w->kernel->values[id]; }
