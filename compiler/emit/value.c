/* Values as C expressions. Operators are written from their templates in scalar_ops.def. */
#include <inttypes.h>
#include <string.h>
#include "emit/casts.h"
#include "emit/writer.h"

const char *value_type(Writer *w, Lanes type) {
  if (type.type == TYPE_BOOL && type.lanes > 1)
    return lane_type(w->lanes, type.mask_bytes == 8 ? TYPE_I64 : TYPE_I32, type.lanes);
  return lane_type(w->lanes, type.type, type.lanes);
}

ScalarType computing_type(Lanes type) {
  if (type_is_real(type.type) || type.type == TYPE_I64) return type.type;
  return type.type == TYPE_BOOL && type.mask_bytes == 8 ? TYPE_I64 : TYPE_I32;
}

static void open(Writer *w, bool parenthesis) { text_add(w->out, parenthesis ? "(" : ""); }
static void close(Writer *w, bool parenthesis) { text_add(w->out, parenthesis ? ")" : ""); }

static void write_arguments(Writer *w, const Value *v) {
  for (uint32_t i = 0; i < v->n_args; i++) {
    if (i > 0) text_add(w->out, ", ");
    write_value(w, v->args[i], BINDS_NOT);
  }
}

/* --- operators of C --- */

typedef struct Infix {
  const char *text;
  int binds;
} Infix;

/* "($0 + $1)" in the table. .text NULL: the template is something else. */
static Infix infix_of(Arena *arena, const char *template) {
  static const Infix known[] = {
      {"+", BINDS_SUM},        {"-", BINDS_SUM},         {"*", BINDS_PRODUCT},
      {"/", BINDS_PRODUCT},    {"%", BINDS_PRODUCT},     {"==", BINDS_EQUALITY},
      {"!=", BINDS_EQUALITY},  {"<", BINDS_COMPARISON},  {"<=", BINDS_COMPARISON},
      {">", BINDS_COMPARISON}, {">=", BINDS_COMPARISON}, {"&", BINDS_AND},
      {"|", BINDS_OR}};
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (strcmp(template, arena_printf(arena, "($0 %s $1)", known[i].text)) == 0) return known[i];
  return (Infix){NULL, BINDS_NOT};
}

/* Bit operators around comparisons, and comparisons around each other, are clear only with
   parentheses. */
static int operand_binds(int binds, bool right) {
  if (binds == BINDS_AND || binds == BINDS_OR) return BINDS_UNARY;
  if (binds == BINDS_EQUALITY || binds == BINDS_COMPARISON) return BINDS_SUM;
  return right ? binds + 1 : binds;
}

static bool plain_integer(const Writer *w, const Value *v);

/* Whether a scalar i32 is an int64_t in the text: what loop variables are in, and C's arithmetic.
 */
static bool is_long(const Writer *w, ValueId id) {
  const Value *v = value_at(w, id);
  if (v->type.type != TYPE_I32) return false;
  if (v->kind == VALUE_VARIABLE) return !is_known(w, v->index);
  if (v->kind == VALUE_OFFSET) return true;
  if (v->kind != VALUE_OP || v->op == OP_CAST || !plain_integer(w, v)) return false;
  bool any = false;
  for (uint32_t i = 0; i < v->n_args; i++) any = any || is_long(w, v->args[i]);
  return any;
}

/* A scalar beside a vector is taken in every lane by C itself, when its type is a lane's. */
static void write_operand(Writer *w, const Value *v, uint32_t i, int binds) {
  const Value *arg = value_at(w, v->args[i]), *other = value_at(w, v->args[1 - i]);
  bool plain =
      arg->kind == VALUE_SPLAT && other->kind != VALUE_SPLAT && arg->type.type != TYPE_BOOL;
  if (!plain) {
    write_value(w, v->args[i], binds);
    return;
  }
  bool narrowed = is_long(w, arg->args[0]);
  if (narrowed) text_add(w->out, "(int32_t)");
  write_value(w, arg->args[0], narrowed ? BINDS_UNARY : binds);
}

/* The magnitude of a negative number that is added: a - 2 rather than a + -2. */
static const Value *negative_number(const Writer *w, ValueId id) {
  const Value *v = value_at(w, id);
  if (v->kind == VALUE_SPLAT) v = value_at(w, v->args[0]);
  return v->kind == VALUE_NUMBER && type_is_real(v->type.type) && v->real < 0 ? v : NULL;
}

static void write_infix(Writer *w, const Value *v, Infix infix, int binds) {
  bool parenthesis = infix.binds < binds;
  const Value *negative = v->op == OP_ADD ? negative_number(w, v->args[1]) : NULL;
  Lanes operands = value_at(w, v->args[0])->type;
  bool splats = value_at(w, v->args[0])->kind == VALUE_SPLAT;
  /* a mask has -1 for true: the order of two is the other way round */
  uint32_t first = operands.mask_bytes > 0 && infix.binds == BINDS_COMPARISON;
  open(w, parenthesis);
  write_operand(w, v, first, operand_binds(infix.binds, false));
  if (negative != NULL && !splats) {
    text_add(w->out, " - ");
    write_real(w->out, negative->type.type, -negative->real);
  } else {
    text_printf(w->out, " %s ", infix.text);
    write_operand(w, v, 1 - first, operand_binds(infix.binds, true));
  }
  close(w, parenthesis);
}

/* --- integers: everything wraps around, as in the interpreter --- */

/* Whether C's own arithmetic gives the result: it cannot overflow, and `/` and `%` of numbers that
   are not negative are the flooring ones. */
static bool plain_integer(const Writer *w, const Value *v) {
  Interval operands[3];
  for (uint32_t i = 0; i < v->n_args; i++) operands[i] = value_range(w, v->args[i]);
  if (v->op == OP_DIV || v->op == OP_MOD) return operands[0].low >= 0 && operands[1].low > 0;
  if (v->op != OP_ADD && v->op != OP_SUB && v->op != OP_MUL && v->op != OP_NEG) return true;
  return range_within(scalar_ops[v->op].interval(operands), v->type.type);
}

static void write_wrapping(Writer *w, const Value *v, const char *sign) {
  const char *type = value_type(w, v->type);
  const char *wide = arena_printf(w->arena, "u%s", type);
  if (v->type.lanes > 1) {
    lane_helper(w->lanes, v->type.type, v->type.lanes, "unsigned");
    wide = arena_printf(w->arena, "unsigned_%s", type);
  } else if (v->type.type == TYPE_U8 || v->type.type == TYPE_I8) {
    wide = "int"; /* holds every result of their arithmetic */
  }
  text_printf(w->out, "(%s)(", type);
  for (uint32_t i = 0; i < v->n_args; i++) {
    if (i > 0 || v->n_args == 1) text_printf(w->out, "%s%s", v->n_args == 1 ? "" : " ", sign);
    text_printf(w->out, "%s(%s)", i > 0 ? " " : "", wide);
    write_value(w, v->args[i], BINDS_UNARY);
  }
  text_add(w->out, ")");
}

static const char *plain_sign(ScalarOp op) { return op == OP_DIV ? "/" : "%"; }

/* --- calls --- */

/* The function that a power of reals with a small constant exponent is; NULL: pow itself. */
static const char *power_name(const Writer *w, const Value *v) {
  if (v->op != OP_POW || !type_is_real(v->type.type)) return NULL;
  const Value *exponent = value_at(w, v->args[1]);
  if (exponent->kind == VALUE_SPLAT) exponent = value_at(w, exponent->args[0]);
  if (exponent->kind != VALUE_NUMBER) return NULL;
  return exponent->real == 2 ? "square" : exponent->real == 3 ? "cube" : NULL;
}

/* "exp_$T($0)", "random_uniform_$T(seed, step, $0, $1)" */
static void write_call(Writer *w, const Value *v, const char *template) {
  const char *end = strstr(template, "_$T(");
  if (end == NULL) { /* step */
    text_add(w->out, template);
    return;
  }
  Lanes operand = v->n_args == 0 ? v->type : value_at(w, v->args[v->n_args - 1])->type;
  bool random = v->op == OP_RANDOM_UNIFORM || v->op == OP_RANDOM_NORMAL;
  ScalarType type = random ? v->type.type : computing_type(operand);
  const char *name = arena_strndup(w->arena, template, (size_t)(end - template));
  if (power_name(w, v) != NULL) { /* x * x is nearer to the truth than pow, and cheaper */
    text_printf(w->out, "%s(", lane_function(w->lanes, type, v->type.lanes, power_name(w, v)));
    write_value(w, v->args[0], BINDS_NOT);
    text_add(w->out, ")");
    return;
  }
  bool narrow = v->type.type == TYPE_U8 || v->type.type == TYPE_I8;
  if (narrow) text_printf(w->out, "(%s)", value_type(w, v->type));
  text_printf(w->out, "%s(", lane_function(w->lanes, type, v->type.lanes, name));
  if (random) text_add(w->out, "seed, step, ");
  write_arguments(w, v);
  text_add(w->out, ")");
}

/* --- choice --- */

/* The mask as wide as the lanes that it chooses between. */
static void write_mask(Writer *w, ValueId id, ScalarType lanes) {
  Lanes mask = value_at(w, id)->type;
  if (mask.mask_bytes == type_bytes(lanes)) {
    write_value(w, id, BINDS_NOT);
    return;
  }
  const char *type = lane_type(w->lanes, type_bytes(lanes) == 8 ? TYPE_I64 : TYPE_I32, mask.lanes);
  text_add(w->out, "__builtin_convertvector(");
  write_value(w, id, BINDS_NOT);
  text_printf(w->out, ", %s)", type);
}

static void write_where(Writer *w, const Value *v, int binds) {
  if (value_at(w, v->args[0])->type.lanes == 1) {
    open(w, binds > BINDS_NOT);
    write_value(w, v->args[0], BINDS_EQUALITY);
    text_add(w->out, " ? ");
    write_value(w, v->args[1], BINDS_OR);
    text_add(w->out, " : ");
    write_value(w, v->args[2], BINDS_NOT);
    close(w, binds > BINDS_NOT);
    return;
  }
  ScalarType type = computing_type(v->type);
  text_printf(w->out, "%s(", lane_function(w->lanes, type, v->type.lanes, "where"));
  write_mask(w, v->args[0], type);
  text_add(w->out, ", ");
  write_value(w, v->args[1], BINDS_NOT);
  text_add(w->out, ", ");
  write_value(w, v->args[2], BINDS_NOT);
  text_add(w->out, ")");
}

/* Clang takes `!(a & b) & c` for a slip: what is denied there stands in parentheses of its own. */
static void write_not(Writer *w, const Value *v) {
  const Value *denied = value_at(w, v->args[0]);
  bool bits = v->type.lanes <= 1 && denied->kind == VALUE_OP &&
              (denied->op == OP_AND || denied->op == OP_OR);
  open(w, bits);
  text_add(w->out, v->type.lanes > 1 ? "~" : "!");
  write_value(w, v->args[0], BINDS_WHOLE);
  close(w, bits);
}

/* The C text of an operator in the table: integers and bools may have their own. */
static const char *template_of(const Writer *w, const Value *v) {
  const ScalarOpInfo *info = &scalar_ops[v->op];
  bool real = v->n_args == 0 || type_is_real(value_at(w, v->args[v->n_args - 1])->type.type);
  return real || info->c_integer == NULL ? info->c : info->c_integer;
}

/* Whether the text of a value calls a function. */
static bool has_call(const Writer *w, ValueId id) {
  const Value *v = value_at(w, id);
  if (v->kind == VALUE_FOLD || v->kind == VALUE_FOLD_ROWS) return true;
  if (v->kind == VALUE_OP && v->op == OP_CAST)
    return type_is_integer(v->type.type) || has_call(w, v->args[0]);
  if (v->kind == VALUE_OP && v->op != OP_WHERE && strstr(template_of(w, v), "_$T(") != NULL)
    return true;
  for (uint32_t i = 0; i < v->n_args; i++)
    if (has_call(w, v->args[i])) return true;
  return false;
}

/* `and` and `or` of scalars are bit operators, but clang takes those for a slip where an operand
   calls a function. */
static Infix logical(const Writer *w, const Value *v, Infix infix) {
  bool applies = v->type.lanes == 1 && (v->op == OP_AND || v->op == OP_OR);
  if (!applies || !(has_call(w, v->args[0]) || has_call(w, v->args[1]))) return infix;
  return (Infix){v->op == OP_AND ? "&&" : "||", BINDS_OR};
}

static void write_operator(Writer *w, const Value *v, int binds) {
  bool integer = v->n_args > 0 && !type_is_real(value_at(w, v->args[v->n_args - 1])->type.type);
  const char *template = template_of(w, v);
  Infix infix = infix_of(w->arena, template);
  if (v->op == OP_CAST) {
    write_cast(w, v);
  } else if (v->op == OP_WHERE) {
    write_where(w, v, binds);
  } else if (v->op == OP_NOT) {
    write_not(w, v);
  } else if (strcmp(template, "$0") == 0) {
    write_value(w, v->args[0], binds);
  } else if (integer && type_is_integer(v->type.type) && !plain_integer(w, v) &&
             (infix.text != NULL || v->op == OP_NEG)) {
    write_wrapping(w, v, infix.text != NULL ? infix.text : "-");
  } else if (integer && (v->op == OP_DIV || v->op == OP_MOD) && plain_integer(w, v)) {
    write_infix(w, v, (Infix){plain_sign(v->op), BINDS_PRODUCT}, binds);
  } else if (infix.text != NULL) {
    write_infix(w, v, logical(w, v, infix), binds);
  } else if (v->op == OP_NEG) {
    open(w, binds > BINDS_UNARY);
    text_add(w->out, "-");
    write_value(w, v->args[0], BINDS_WHOLE);
    close(w, binds > BINDS_UNARY);
  } else {
    write_call(w, v, template);
  }
}

/* --- the other kinds --- */

/* Floats, which become doubles in a program of those. Eight bits are converted here, sixteen in the
   function that loads them. */
static void write_stored_load(Writer *w, const Value *v, ScalarType stored) {
  bool vector = v->type.lanes > 1;
  bool converts = v->type.type == TYPE_F64 || stored == TYPE_I8;
  if (converts && vector) text_add(w->out, "__builtin_convertvector(");
  if (converts && !vector) text_printf(w->out, "(%s)", value_type(w, v->type));
  if (stored != TYPE_I8 || vector)
    text_printf(w->out, "%s(&", lane_helper(w->lanes, stored, v->type.lanes, "load"));
  text_printf(w->out, "%s[", w->parameters[v->index]);
  write_offset(w, &v->offset);
  text_add(w->out, stored != TYPE_I8 || vector ? "])" : "]");
  if (converts && vector) text_printf(w->out, ", %s)", value_type(w, v->type));
}

static void write_load(Writer *w, const Value *v) {
  const char *name = w->parameters[v->index];
  const Parameter *from = &w->kernel->parameters[v->index];
  if (from->storage != TYPE_BOOL) {
    write_stored_load(w, v, from->storage);
    return;
  }
  ScalarType type = v->type.type;
  bool mask = type == TYPE_BOOL && v->type.lanes > 1;
  if (mask) text_add(w->out, "(__builtin_convertvector(");
  if (v->present > 0)
    text_printf(w->out, "%s(&", lane_part_load(w->lanes, type, v->type.lanes, v->present));
  else if (v->type.lanes > 1)
    text_printf(w->out, "%s(&", lane_helper(w->lanes, type, v->type.lanes, "load"));
  else if (type == TYPE_BOOL)
    text_add(w->out, "(");
  text_printf(w->out, "%s[", name);
  write_offset(w, &v->offset);
  text_add(w->out, "]");
  if (v->type.lanes > 1)
    text_add(w->out, ")");
  else if (type == TYPE_BOOL)
    text_add(w->out, " != 0)");
  if (mask) text_printf(w->out, ", %s) != 0)", value_type(w, v->type));
}

/* A local, or consecutive elements of one. */
static void write_elements(Writer *w, const Value *v) {
  bool several = v->type.lanes > w->kernel->locals[v->index].type.lanes;
  if (several)
    text_printf(w->out, "%s(&", lane_helper(w->lanes, v->type.type, v->type.lanes, "load"));
  write_local(w, v->index, v->n_at, v->at);
  if (several) text_add(w->out, ")");
}

static void write_splat(Writer *w, const Value *v) {
  bool mask = v->type.type == TYPE_BOOL;
  text_printf(w->out, "%s(%s",
              lane_helper(w->lanes, computing_type(v->type), v->type.lanes, "splat"),
              mask ? "-" : "");
  write_value(w, v->args[0], mask ? BINDS_WHOLE : BINDS_NOT);
  text_add(w->out, ")");
}

static void write_fold(Writer *w, const Value *v) {
  Lanes lanes = value_at(w, v->args[0])->type;
  const char *helper = arena_printf(w->arena, "fold_%s", scalar_ops[v->op].name);
  text_printf(w->out, "%s(", lane_helper(w->lanes, computing_type(lanes), lanes.lanes, helper));
  write_value(w, v->args[0], BINDS_NOT);
  text_add(w->out, ")");
}

static void write_fold_rows(Writer *w, const Value *v) {
  text_printf(w->out, "%s(%s)", lane_helper(w->lanes, v->type.type, v->type.lanes, "fold_rows"),
              w->locals[v->index]);
}

void write_local(Writer *w, uint32_t local, uint32_t n_at, const Offset *at) {
  text_add(w->out, w->locals[local]);
  for (uint32_t i = 0; i < n_at; i++) {
    if (w->kernel->locals[local].size[i] == 1) continue;
    text_add(w->out, "[");
    write_offset(w, &at[i]);
    text_add(w->out, "]");
  }
}

static void write_number(Writer *w, const Value *v, int binds) {
  bool real = type_is_real(v->type.type);
  bool parenthesis = (real ? v->real < 0 : v->integer < 0) && binds == BINDS_WHOLE;
  open(w, parenthesis);
  if (real)
    write_real(w->out, v->type.type, v->real);
  else
    write_integer(w->out, v->type.type, v->integer);
  close(w, parenthesis);
}

static void write_site(Writer *w, ValueId id) {
  for (uint32_t i = 0; i < w->kernel->n_sites; i++)
    if (w->kernel->sites[i] == id) text_add(w->out, w->sites[i]);
}

static void write_variable(Writer *w, uint32_t variable) {
  if (is_known(w, variable))
    write_integer(w->out, TYPE_I32, w->ranges[variable].low);
  else
    text_add(w->out, w->variables[variable]);
}

static void write_slot(Writer *w, const Value *v) {
  if (!w->kernel->for_team) {
    text_add(w->out, "0");
    return;
  }
  text_add(w->out, "SLOT(");
  write_value(w, v->args[0], 0);
  text_printf(w->out, ", %" PRId64 ")", v->integer);
}

void write_value(Writer *w, ValueId id, int binds) {
  const Value *v = value_at(w, id);
  switch (v->kind) {
  case VALUE_NUMBER:
    if (w->kernel->sites_vary && is_site(w->kernel, id))
      write_site(w, id);
    else
      write_number(w, v, binds);
    return;
  case VALUE_VARIABLE: write_variable(w, v->index); return;
  case VALUE_OFFSET: {
    bool parenthesis = offset_binds(w, &v->offset) < binds;
    open(w, parenthesis);
    write_offset(w, &v->offset);
    close(w, parenthesis);
    return;
  }
  case VALUE_LOCAL: write_elements(w, v); return;
  case VALUE_LOAD: write_load(w, v); return;
  case VALUE_SPLAT: write_splat(w, v); return;
  case VALUE_RAMP:
    text_printf(w->out, "%s()", lane_helper(w->lanes, v->type.type, v->type.lanes, "ramp"));
    return;
  case VALUE_FOLD: write_fold(w, v); return;
  case VALUE_FOLD_ROWS: write_fold_rows(w, v); return;
  case VALUE_SLOT: write_slot(w, v); return;
  case VALUE_OP: write_operator(w, v, binds); return;
  }
}
