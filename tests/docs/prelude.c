/* prelude HEAD FILE.dag…: docs/prelude.md, on stdout. HEAD is its beginning; each file is a chapter
   and each of its definitions an entry: the signature with what it owns, as the printer has them,
   and the comment above it as it stands. The comment at the head of a file is its title and then
   the text of the chapter. Comments are Markdown; lines that are four columns in are a program,
   which the tests of the documents compile. A definition without a comment is an error. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "syntax/syntax.h"

enum { WIDTH = 100 };

typedef struct Reference {
  Arena *arena;
  const char *const *layers; /* the names of all files' layers */
  size_t n_layers;
  int failures;
} Reference;

/* --- comments --- */

/* The line of the source that `line` counts from 1, with its length. */
static const char *line_of(const Source *source, uint32_t line, size_t *length) {
  const char *text = source->text;
  for (uint32_t i = 1; i < line && text != NULL; i++) {
    text = strchr(text, '\n');
    if (text != NULL) text++;
  }
  *length = text == NULL ? 0 : strcspn(text, "\n");
  return text;
}

/* What a comment's line says, or NULL when the line is no comment. */
static const char *comment_at(const Reference *r, const Source *source, uint32_t line) {
  size_t length;
  const char *text = line_of(source, line, &length);
  if (length == 0 || text[0] != '#') return NULL;
  size_t mark = length > 1 && text[1] == ' ' ? 2 : 1;
  return arena_strndup(r->arena, text + mark, length - mark);
}

/* The comment from that line on. */
static void print_comment(const Reference *r, const Source *source, uint32_t line) {
  bool program = false;
  for (const char *text; (text = comment_at(r, source, line)) != NULL; line++) {
    bool indented = strncmp(text, "    ", 4) == 0;
    if (indented && !program) puts("```dag");
    if (!indented && program) puts("```");
    program = indented;
    puts(indented ? text + 4 : text);
  }
  if (program) puts("```");
}

/* --- signatures --- */

/* Where to break a text that must end before `most`: behind a comma, else at a blank; 0: nowhere.
 */
static size_t break_before(const char *text, size_t most) {
  size_t blank = 0;
  for (size_t i = most; i > 0; i--) {
    if (text[i] != ' ') continue;
    if (text[i - 1] == ',') return i;
    if (blank == 0) blank = i;
  }
  return blank;
}

/* A line of the listing, in several when it is longer than WIDTH. */
static void print_wrapped(const char *text, size_t length, int indent) {
  int column = printf("%*s", indent, "");
  while (column + (int)length > WIDTH) {
    size_t end = break_before(text, (size_t)(WIDTH - column));
    if (end == 0) break;
    printf("%.*s\n", (int)end, text);
    text += end + 1;
    length -= end + 1;
    column = printf("%*s", indent + 4, "");
  }
  printf("%.*s\n", (int)length, text);
}

/* The statement without its block. */
static void print_statement(const Reference *r, const Stmt *stmt, int indent) {
  Stmt *bare = ARENA_NEW(r->arena, Stmt);
  *bare = *stmt;
  bare->body = (StmtBlock){0};
  File file = {.body = {&bare, 1}};
  Text out = text_new(r->arena);
  print_file(&out, &file);
  const char *text = text_string(&out);
  size_t length = strcspn(text, "\n");
  if (length >= 2 && strncmp(text + length - 2, " {", 2) == 0) length -= 2;
  print_wrapped(text, length, indent);
}

static bool names_layer(const Reference *r, const Ast *ast) {
  while (ast->kind == AST_CALL) ast = ast->operand;
  if (ast->kind != AST_NAME) return false;
  for (size_t i = 0; i < r->n_layers; i++)
    if (strcmp(r->layers[i], ast->name) == 0) return true;
  return false;
}

/* What an instance owns, wherever in the block it stands, and the results when there are several.
 */
static void print_owned(const Reference *r, const StmtBlock *block) {
  for (size_t i = 0; i < block->count; i++) {
    const Stmt *stmt = block->items[i];
    bool owned = stmt->kind == STMT_PARAM || stmt->kind == STMT_STATE;
    bool instance =
        stmt->kind == STMT_DEFINE && stmt->n_targets == 1 && names_layer(r, stmt->value);
    bool results = stmt->kind == STMT_RETURN && stmt->n_args > 1;
    if (owned || instance || results) print_statement(r, stmt, 2);
    if (stmt->kind == STMT_IF || stmt->kind == STMT_REPEAT) {
      print_owned(r, &stmt->body);
      print_owned(r, &stmt->otherwise);
    }
  }
}

/* --- entries --- */

static bool is_entry(const Stmt *stmt) {
  return stmt->kind == STMT_FN || stmt->kind == STMT_LAYER || stmt->kind == STMT_OPTIMIZER;
}

static void print_entry(Reference *r, const Stmt *stmt) {
  const Source *source = stmt->span.source;
  uint32_t first = stmt->span.line;
  while (first > 1 && comment_at(r, source, first - 1) != NULL) first--;
  if (first == stmt->span.line) {
    fprintf(stderr, "%s:%u: `%s` has no comment above it\n", source->path, first, stmt->name);
    r->failures++;
  }
  printf("\n### %s\n\n```\n", stmt->name);
  print_statement(r, stmt, 0);
  print_owned(r, &stmt->body);
  puts("```\n");
  print_comment(r, source, first);
}

/* The first line of a file is its title. */
static const char *title_of(Reference *r, const File *file) {
  const char *title = comment_at(r, file->source, 1);
  if (title != NULL) return title;
  fprintf(stderr, "%s has no title\n", file->source->path);
  r->failures++;
  return file->source->path;
}

/* GitHub's anchor of a title. */
static const char *anchor_of(const Reference *r, const char *title) {
  char *anchor = arena_strdup(r->arena, title);
  for (char *c = anchor; *c != 0; c++) *c = *c == ' ' ? '-' : (char)tolower((unsigned char)*c);
  return anchor;
}

/* A line with links to all entries. */
static void print_contents(Reference *r, const File *file) {
  const char *title = title_of(r, file);
  printf("- [%s](#%s):", title, anchor_of(r, title));
  const char *between = " ";
  for (size_t i = 0; i < file->body.count; i++) {
    const Stmt *stmt = file->body.items[i];
    if (!is_entry(stmt)) continue;
    printf("%s[%s](#%s)", between, stmt->name, stmt->name);
    between = ", ";
  }
  putchar('\n');
}

static void print_chapter(Reference *r, const File *file) {
  printf("\n## %s\n\n", title_of(r, file));
  print_comment(r, file->source, 2);
  for (size_t i = 0; i < file->body.count; i++)
    if (is_entry(file->body.items[i])) print_entry(r, file->body.items[i]);
}

int main(int argc, char **argv) {
  Arena *arena = arena_new();
  Diag *diag = diag_new(arena, stderr);
  ARRAY(const char *) layers = {0};
  ARRAY(File *) files = {0};
  const Source *head = argc > 1 ? source_read(arena, diag, argv[1], span_none()) : NULL;
  for (int i = 2; i < argc; i++) {
    const Source *source = source_read(arena, diag, argv[i], span_none());
    if (source == NULL) return 1;
    ARRAY_PUSH(arena, &files, parse_file(arena, diag, source));
    const StmtBlock *body = &files.items[files.count - 1]->body;
    for (size_t j = 0; j < body->count; j++)
      if (body->items[j]->kind == STMT_LAYER) ARRAY_PUSH(arena, &layers, body->items[j]->name);
  }
  if (head == NULL || diag_errors(diag) > 0) return 1;
  Reference r = {arena, layers.items, layers.count, 0};
  fputs(head->text, stdout);
  putchar('\n');
  for (size_t i = 0; i < files.count; i++) print_contents(&r, files.items[i]);
  for (size_t i = 0; i < files.count; i++) print_chapter(&r, files.items[i]);
  arena_free(arena);
  return r.failures > 0;
}
