#include "emit/casts.h"

/* Real to integer: functions of vector_math/truncate.h, f32 → i32 and f64 → i64. */
static void write_truncated(Writer *w, const Value *from, ValueId id, ScalarType type) {
  bool wide = type == TYPE_I64 && from->type.type == TYPE_F32;
  ScalarType real = wide ? TYPE_F64 : from->type.type;
  text_printf(w->out, "%s(", lane_function(w->lanes, real, from->type.lanes, "truncate"));
  if (wide && from->type.lanes > 1) {
    text_add(w->out, "__builtin_convertvector(");
    write_value(w, id, BINDS_NOT);
    text_printf(w->out, ", %s)", lane_type(w->lanes, TYPE_F64, from->type.lanes));
  } else {
    write_value(w, id, BINDS_NOT);
  }
  text_add(w->out, ")");
}

static void write_scalar_cast(Writer *w, const Value *v, const Value *from) {
  ScalarType to = v->type.type;
  bool truncates = type_is_real(from->type.type) && type_is_integer(to);
  if (to == TYPE_BOOL) {
    text_add(w->out, "(");
    write_value(w, v->args[0], BINDS_SUM);
    text_add(w->out, " != 0)");
    return;
  }
  /* C computes with 8 bits as int */
  bool promoted = to == TYPE_I32 && (from->type.type == TYPE_U8 || from->type.type == TYPE_I8);
  bool exact = promoted || (from->type.type == TYPE_F32 && to == TYPE_I32) ||
               (from->type.type == TYPE_F64 && to == TYPE_I64);
  if (!exact) text_printf(w->out, "(%s)", element_type(to));
  if (truncates)
    write_truncated(w, from, v->args[0], to);
  else
    write_value(w, v->args[0], BINDS_UNARY);
}

static void write_vector_cast(Writer *w, const Value *v, const Value *from) {
  const char *type = value_type(w, v->type);
  bool from_mask = from->type.type == TYPE_BOOL, to_mask = v->type.type == TYPE_BOOL;
  bool truncates = type_is_real(from->type.type) && type_is_integer(v->type.type);
  if (to_mask && !from_mask) {
    /* a comparison gives lanes as wide as its operands */
    bool same = v->type.mask_bytes == type_bytes(from->type.type);
    text_add(w->out, same ? "(" : "__builtin_convertvector(");
    write_value(w, v->args[0], BINDS_SUM);
    text_add(w->out, " != 0");
    text_printf(w->out, same ? ")%s" : ", %s)", same ? "" : type);
    return;
  }
  text_add(w->out, "__builtin_convertvector(");
  if (truncates)
    write_truncated(w, from, v->args[0], v->type.type);
  else {
    /* a mask has -1 for true */
    if (from_mask && !to_mask) text_add(w->out, "-");
    write_value(w, v->args[0], from_mask && !to_mask ? BINDS_WHOLE : BINDS_NOT);
  }
  text_printf(w->out, ", %s)", type);
}

void write_cast(Writer *w, const Value *v) {
  const Value *from = value_at(w, v->args[0]);
  if (v->type.lanes > 1)
    write_vector_cast(w, v, from);
  else
    write_scalar_cast(w, v, from);
}
