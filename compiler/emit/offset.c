/* Integers: offsets as C text, and the ranges that tell where arithmetic cannot overflow. */
#include <inttypes.h>
#include "emit/writer.h"

/* The offset with variables of one value as part of its constant. */
static Offset without_known(Writer *w, const Offset *offset) {
  OffsetTerm *terms = ARENA_ARRAY(w->arena, OffsetTerm, offset->n + 1);
  Offset rest = {.constant = offset->constant, .terms = terms};
  for (uint32_t i = 0; i < offset->n; i++) {
    const OffsetTerm *term = &offset->terms[i];
    const Value *v = value_at(w, term->value);
    if (v->kind == VALUE_VARIABLE && is_known(w, v->index))
      rest.constant += term->factor * w->ranges[v->index].low;
    else if (term->factor != 0)
      terms[rest.n++] = *term;
  }
  return rest;
}

int offset_binds(Writer *w, const Offset *offset) {
  Offset rest = without_known(w, offset);
  if (rest.n == 0) return rest.constant < 0 ? BINDS_UNARY : BINDS_WHOLE;
  if (rest.n > 1 || rest.constant != 0) return BINDS_SUM;
  return rest.terms[0].factor == 1 ? BINDS_UNARY : BINDS_PRODUCT;
}

/* Loop variables and offsets are int64_t already. */
static bool is_wide(const Value *v) { return v->kind == VALUE_VARIABLE || v->kind == VALUE_OFFSET; }

/* Whether what is not wide adds up within an int. */
static bool narrow_part_fits(const Writer *w, const Offset *offset) {
  OffsetTerm *terms = ARENA_ARRAY(w->arena, OffsetTerm, offset->n + 1);
  Offset narrow = {.constant = offset->constant, .terms = terms};
  for (uint32_t i = 0; i < offset->n; i++)
    if (!is_wide(value_at(w, offset->terms[i].value))) terms[narrow.n++] = offset->terms[i];
  return range_within(offset_range(w, &narrow), TYPE_I32);
}

static void write_factor(Writer *w, ValueId id, bool widen) {
  if (widen && !is_wide(value_at(w, id))) text_add(w->out, "(int64_t)");
  write_value(w, id, BINDS_UNARY);
}

/* The values that `factor` multiplies, together: 784 * (j0 + r). `done` marks them. */
static void write_terms(Writer *w, const Offset *offset, uint32_t first, bool widen, bool *done) {
  int64_t factor = offset->terms[first].factor;
  uint32_t n = 0;
  for (uint32_t i = first; i < offset->n; i++) n += offset->terms[i].factor == factor;
  bool group = n > 1 && factor != 1 && factor != -1;
  if (factor != 1 && factor != -1)
    text_printf(w->out, "%" PRId64 " * ", factor < 0 ? -factor : factor);
  if (group) text_add(w->out, "(");
  bool begun = false;
  for (uint32_t i = first; i < offset->n; i++) {
    if (offset->terms[i].factor != factor) continue;
    if (begun) text_add(w->out, group || factor > 0 ? " + " : " - ");
    write_factor(w, offset->terms[i].value, widen);
    begun = done[i] = true;
  }
  if (group) text_add(w->out, ")");
}

void write_offset(Writer *w, const Offset *original) {
  Offset rest = without_known(w, original);
  const Offset *offset = &rest;
  bool *done = ARENA_ARRAY(w->arena, bool, offset->n + 1), begun = false;
  bool widen = !narrow_part_fits(w, offset) && !(offset->n == 1 && offset->terms[0].factor == 1);
  int64_t c = offset->constant;
  if (offset->n > 0 && offset->terms[0].factor < 0 && c > 0) { /* 2 - p */
    text_printf(w->out, "%" PRId64, c);
    c = 0;
    begun = true;
  }
  for (uint32_t i = 0; i < offset->n; i++) {
    if (done[i]) continue;
    bool negative = offset->terms[i].factor < 0;
    if (begun || negative) text_add(w->out, !begun ? "-" : negative ? " - " : " + ");
    write_terms(w, offset, i, widen, done);
    begun = true;
  }
  if (!begun)
    text_printf(w->out, "%" PRId64, c);
  else if (c != 0)
    text_printf(w->out, " %c %" PRId64, c < 0 ? '-' : '+', c < 0 ? -c : c);
}

/* --- ranges --- */

static const Interval anything = {INT64_MIN, INT64_MAX};

bool range_within(Interval range, ScalarType type) {
  Interval all = type_interval(type);
  if (range.low == INT64_MIN || range.high == INT64_MAX) return false;
  return range.low >= all.low && range.high <= all.high;
}

Interval offset_range(const Writer *w, const Offset *offset) {
  Interval sum = {offset->constant, offset->constant};
  for (uint32_t i = 0; i < offset->n; i++) {
    Interval v = value_range(w, offset->terms[i].value);
    int64_t f = offset->terms[i].factor, low, high;
    if (v.low == INT64_MIN || v.high == INT64_MAX) return anything;
    bool over = __builtin_mul_overflow(f, f < 0 ? v.high : v.low, &low) ||
                __builtin_mul_overflow(f, f < 0 ? v.low : v.high, &high) ||
                __builtin_add_overflow(sum.low, low, &sum.low) ||
                __builtin_add_overflow(sum.high, high, &sum.high);
    if (over) return anything;
  }
  return sum;
}

static Interval operator_range(const Writer *w, const Value *v) {
  Interval operands[3] = {anything, anything, anything};
  IntervalRule *rule = scalar_ops[v->op].interval;
  if (rule == NULL) return type_interval(v->type.type);
  for (uint32_t i = 0; i < v->n_args; i++) operands[i] = value_range(w, v->args[i]);
  Interval result = rule(operands);
  return range_within(result, v->type.type) ? result : type_interval(v->type.type);
}

Interval value_range(const Writer *w, ValueId id) {
  const Value *v = value_at(w, id);
  if (type_is_real(v->type.type)) return anything;
  switch (v->kind) {
  case VALUE_NUMBER:
    if (w->kernel->sites_vary && is_site(w->kernel, id)) break;
    return (Interval){v->integer, v->integer};
  case VALUE_VARIABLE: return w->ranges[v->index];
  case VALUE_OFFSET: return offset_range(w, &v->offset);
  case VALUE_SPLAT: return value_range(w, v->args[0]);
  case VALUE_RAMP: return (Interval){0, v->type.lanes - 1};
  case VALUE_OP: return operator_range(w, v);
  case VALUE_SLOT: return (Interval){0, v->integer - 1};
  case VALUE_LOCAL: {
    Interval range = w->kernel->locals[v->index].range;
    if (range.high > range.low) return range;
    break;
  }
  case VALUE_LOAD:
  case VALUE_FOLD:
  case VALUE_FOLD_ROWS: break;
  }
  return type_interval(v->type.type);
}
