/* Stage 1: text to syntax tree. The grammar is grammar/dag.l and grammar/dag.y. */
#pragma once
#include "support/arena.h"
#include "support/diag.h"
#include "support/text.h"
#include "syntax/ast.h"

/* Reads a file into a Source. On failure reports an error at `where` and returns NULL. */
Source *source_read(Arena *arena, Diag *diag, const char *path, Span where);
/* The same of a FILE that is open, to its end; `path` is what it is called. */
Source *source_read_stream(Arena *arena, Diag *diag, const char *path, void *stream_FILE, Span where);
/* A source from memory (copied). */
Source *source_from_text(Arena *arena, const char *path, const char *text, size_t length);

/* Parses a whole file. Always returns a File; statements with errors are left out and diag has the
   errors. Takes any bytes. */
File *parse_file(Arena *arena, Diag *diag, const Source *source);
/* The same; its tokens and comments are added to `written`. */
typedef struct Written Written;
File *parse_written(Arena *arena, Diag *diag, const Source *source, Written *written);

/* Parses the statements in the bytes begin … end - 1, the first of which begins that line. The text
   is UTF-8. */
File *parse_part(Arena *arena, Diag *diag, const Source *source, size_t begin, size_t end,
                 uint32_t line);

/* Parses one expression, as in `dagc`'s own tables (derivative rules) and -D. NULL on an error. */
Ast *parse_expression(Arena *arena, Diag *diag, const Source *source);

/* --emit=ast: the tree as `.dag` text in the one normal layout; parses back to an equal tree. */
void print_file(Text *out, const File *file);
/* One expression on one line, with as few parentheses as the precedences allow. */
void print_ast(Text *out, const Ast *ast);
/* The operator as it is written: "+", "and". */
const char *binary_text(BinaryOp op);
/* The words of the language that are no names, n of them. */
const char *const *syntax_keywords(Arena *arena, size_t *n);
/* Equal but for places. */
bool ast_equal(const Ast *a, const Ast *b);
bool file_equal(const File *a, const File *b);

/* The nesting limit of language.md, of brackets and blocks; and the levels of an expression's tree,
   to which a sum of n terms counts n. Whatever walks a tree may do so by recursion. */
enum { SYNTAX_MAX_NESTING = 500, SYNTAX_MAX_DEPTH = 2000 };
