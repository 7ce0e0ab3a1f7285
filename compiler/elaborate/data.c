/* Where the rows of an input come from: "file.csv"[1:65], "file.npy", windows("file.txt", 64). */
#include <inttypes.h>
#include <string.h>
#include "elaborate/elaborator.h"

static bool ends_with(const char *path, const char *end) {
  size_t n = strlen(path), m = strlen(end);
  return n >= m && strcmp(path + n - m, end) == 0;
}

static bool file_kind(Elaborator *e, const char *path, Span span, DataKind *kind) {
  static const struct {
    const char *end;
    DataKind kind;
  } kinds[] = {{".csv", DATA_CSV}, {".npy", DATA_NPY}, {".idx", DATA_IDX}};
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    const char *packed = arena_printf(e->arena, "%s.gz", kinds[i].end);
    if (!ends_with(path, kinds[i].end) && !ends_with(path, packed)) continue;
    *kind = kinds[i].kind;
    return true;
  }
  diag_error(e->diag, span, "\"%s\" is no kind of file that can be read", path);
  diag_hint(e->diag, "files end in .csv, .npy or .idx, perhaps with .gz; text is read by "
                     "windows(\"file.txt\", length)");
  return false;
}

static bool constant_column(Elaborator *e, const Ast *ast, int64_t open, int64_t *column) {
  *column = open;
  return ast == NULL || constant_integer(e, e->global, ast, "a column", column);
}

static bool file_columns(Elaborator *e, const Ast *ast, DataSource *source) {
  if (ast->n_items != 1 || source->kind != DATA_CSV) {
    diag_error(e->diag, ast->span,
               source->kind == DATA_CSV ? "one item chooses the columns"
                                        : "only CSV files have columns");
    return false;
  }
  const Item *item = &ast->items[0];
  if (item->kind == ITEM_EXPR) {
    source->single_column = true;
    if (!constant_column(e, item->first, 0, &source->first_column)) return false;
    source->last_column = source->first_column + 1;
  } else if (item->kind == ITEM_SLICE) {
    if (!constant_column(e, item->first, 0, &source->first_column) ||
        !constant_column(e, item->second, -1, &source->last_column))
      return false;
  } else {
    diag_error(e->diag, item->span, "columns are chosen as `[3]` or `[1:65]`");
    return false;
  }
  bool empty = source->last_column >= 0 && source->last_column <= source->first_column;
  if (source->first_column >= 0 && !empty) return true;
  diag_error(e->diag, item->span, "columns count from 0, and at least one is needed");
  return false;
}

static bool is_windows(const Ast *ast) {
  return ast->kind == AST_CALL && ast->operand->kind == AST_NAME &&
         strcmp(ast->operand->name, "windows") == 0;
}

static bool parse_source(Elaborator *e, const Ast *ast, DataSource *source) {
  if (ast->kind == AST_STRING) {
    source->path = ast->string;
    source->last_column = -1;
    return file_kind(e, ast->string, ast->span, &source->kind);
  }
  if (ast->kind == AST_INDEX && ast->operand->kind == AST_STRING) {
    source->path = ast->operand->string;
    return file_kind(e, source->path, ast->operand->span, &source->kind) &&
           file_columns(e, ast, source);
  }
  if (is_windows(ast) && ast->n_args == 2 && ast->args[0].value->kind == AST_STRING) {
    source->path = ast->args[0].value->string;
    source->kind = DATA_WINDOWS;
    return constant_integer(e, e->global, ast->args[1].value, "the length of a window",
                            &source->window);
  }
  diag_error(e->diag, ast->span,
             "expected a file: \"file.csv\"[1:65], \"file.npy\", "
             "\"file.idx.gz\" or windows(\"file.txt\", 64)");
  return false;
}

/* The numbers of a row must be those of an element of the batch. */
static bool fits_input(Elaborator *e, const DataSource *source, const Tensor *t, Span span) {
  int64_t row = t->rank == 0 ? 1 : shape_size(t->rank - 1, t->extents + 1), columns = row;
  if (source->kind == DATA_CSV && source->last_column >= 0)
    columns = source->last_column - source->first_column;
  if (source->kind == DATA_WINDOWS) columns = source->window;
  if (columns == row) return true;
  diag_error(e->diag, span, "%" PRId64 " number%s a row, but an element of `%s` has %" PRId64,
             columns, columns == 1 ? "" : "s", t->name, row);
  diag_note(e->diag, t->span, "`%s` is %s", t->name, shape_text(e, t->type, t->rank, t->extents));
  return false;
}

bool data_source(Elaborator *e, const Arg *arg, DataSource *source) {
  if (arg->name == NULL) {
    diag_error(e->diag, arg->value->span, "expected an input and its file: x = \"file.csv\"");
    return false;
  }
  const Binding *binding = scope_find(e->global, arg->name);
  TensorId id;
  if (binding == NULL) {
    report_unknown(e, e->global, arg->name, arg->name_span);
    return false;
  }
  if (value_failed(&binding->value)) return false;
  if (!value_is_whole(e, &binding->value, &id) || tensor_at(e->graph, id)->kind != TENSOR_INPUT) {
    diag_error(e->diag, arg->name_span, "`%s` is no input", arg->name);
    diag_note(e->diag, binding->span, "it is defined here");
    diag_hint(e->diag, "files give values to inputs: `input %s: real[B, 4]` declares one", arg->name);
    return false;
  }
  *source = (DataSource){.input = id, .span = arg->value->span};
  return parse_source(e, arg->value, source) &&
         fits_input(e, source, tensor_at(e->graph, id), arg->value->span);
}
