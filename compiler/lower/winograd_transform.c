/* Transforms of minimal filtering, as statements: what the two of a pair share is computed once. */
#include "lower/winograd.h"

void open_square(Filtering *f, const int64_t size[2], Offset at[2]) {
  unrolled(f->t, "i", size[0], &at[0]);
  unrolled(f->t, "j", size[1], &at[1]);
}

uint32_t declare_square(Filtering *f, const char *name, const int64_t size[2], int lanes) {
  uint32_t local = kernel_array(f->b, name, lanes_of(f->t->node->type, lanes), size[0], size[1]);
  kernel_declare(f->b, local, VALUE_NONE);
  return local;
}

/* In a local, if it is not in one. */
static ValueId named(Filtering *f, const char *name, ValueId value) {
  if (value_at(f->b, value)->kind == VALUE_LOCAL) return value;
  uint32_t local = kernel_new_local(f->b, name, value_at(f->b, value)->type);
  kernel_declare(f->b, local, value);
  return kernel_local(f->b, local, NULL, 0);
}

/* Σ c[k] · x[k] over k = first, first + step, …; what is added first. */
static ValueId combine(Filtering *f, const double *c, const ValueId *x, int n, int first,
                       int step) {
  ValueId sum = VALUE_NONE;
  for (int sign = 1; sign >= -1; sign -= 2)
    for (int k = first; k < n; k += step) {
      double factor = c[k] * sign;
      if (factor <= 0) continue;
      Lanes type = value_at(f->b, x[k])->type;
      if (sum == VALUE_NONE) factor = c[k];
      ValueId number = kernel_number(f->b, type.type, factor), term = x[k];
      if (factor != 1)
        term = kernel_op2(f->b, OP_MUL, kernel_splat(f->b, number, type.lanes), term);
      sum = sum == VALUE_NONE ? term : kernel_op2(f->b, sign > 0 ? OP_ADD : OP_SUB, sum, term);
    }
  return sum;
}

/* y = m · x */
static void apply(Filtering *f, const Matrix *m, const ValueId *x, ValueId *y) {
  if (m->pairs == PAIRS_OF_ROWS) {
    for (int r = 0; r < m->rows; r++) {
      if (r % 2 == 0 || r + 1 == m->rows) {
        y[r] = combine(f, m->at[r], x, m->columns, 0, 1);
        continue;
      }
      ValueId even = named(f, "even", combine(f, m->at[r], x, m->columns, 0, 2));
      ValueId odd = named(f, "odd", combine(f, m->at[r], x, m->columns, 1, 2));
      y[r] = kernel_op2(f->b, OP_ADD, even, odd);
      y[r + 1] = kernel_op2(f->b, OP_SUB, even, odd);
      r++;
    }
    return;
  }
  ValueId of[2][MOST_POINTS]; /* for even and odd rows: of a pair one number, in its first place */
  double once[MOST_POINTS];
  for (int k = 0; k < m->columns; k++) of[0][k] = of[1][k] = x[k];
  for (int k = 1; k + 1 < m->columns; k += 2) {
    of[0][k] = named(f, "sum", kernel_op2(f->b, OP_ADD, x[k], x[k + 1]));
    of[1][k] = named(f, "difference", kernel_op2(f->b, OP_SUB, x[k], x[k + 1]));
  }
  for (int r = 0; r < m->rows; r++) {
    for (int k = 0; k < m->columns; k++) once[k] = k > 0 && k % 2 == 0 ? 0 : m->at[r][k];
    y[r] = combine(f, once, of[r % 2], m->columns, 0, 1);
  }
}

/* Of a local along one axis, at `other` of the other one. */
static void apply_along(Filtering *f, const Matrix *m, uint32_t local, int axis, Offset other,
                        ValueId *y) {
  ValueId x[MOST_POINTS];
  for (int k = 0; k < m->columns; k++) {
    Offset at[2] = {other, other};
    at[axis] = offset_number(k);
    x[k] = kernel_local(f->b, local, at, 2);
  }
  apply(f, m, x, y);
}

/* Along the first axis, for all of the second; the array that has it. */
static uint32_t transform_first(Filtering *f, const Matrix *m, uint32_t from) {
  const Local *local = &f->b->locals.items[from];
  int64_t size[2] = {m->rows, local->size[1]};
  uint32_t to = declare_square(f, "half", size, local->type.lanes);
  Offset at[2];
  ValueId rows[MOST_POINTS];
  unrolled(f->t, "j", size[1], &at[1]);
  apply_along(f, m, from, 0, at[1], rows);
  for (int r = 0; r < m->rows; r++) {
    at[0] = offset_number(r);
    kernel_assign(f->b, to, at, 2, rows[r]);
  }
  kernel_end(f->b);
  return to;
}

void transform_to(Filtering *f, const Matrix *first, const Matrix *second, uint32_t from,
                  const Array *to) {
  uint32_t half = transform_first(f, first, from);
  Offset i;
  ValueId rows[MOST_POINTS];
  unrolled(f->t, "i", first->rows, &i);
  apply_along(f, second, half, 1, i, rows);
  for (int r = 0; r < second->rows; r++) {
    Offset point = offset_add(f->b, offset_number(r), second->rows, i);
    kernel_store(f->b, array_parameter(f, to, true), offset_at(f, to, point), rows[r]);
  }
  kernel_end(f->b);
}

uint32_t transform(Filtering *f, const Matrix *first, const Matrix *second, uint32_t from,
                   const char *name) {
  uint32_t half = transform_first(f, first, from);
  int64_t size[2] = {first->rows, second->rows};
  uint32_t to = declare_square(f, name, size, f->b->locals.items[from].type.lanes);
  Offset at[2];
  ValueId rows[MOST_POINTS];
  unrolled(f->t, "i", first->rows, &at[0]);
  apply_along(f, second, half, 1, at[0], rows);
  for (int r = 0; r < second->rows; r++) {
    at[1] = offset_number(r);
    kernel_assign(f->b, to, at, 2, rows[r]);
  }
  kernel_end(f->b);
  return to;
}
