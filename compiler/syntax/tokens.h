/* Tokens: what flex finds (grammar/dag.l), made into what the grammar (grammar/dag.y) reads. Here
   lives the newline rule of the language: the grammar itself knows only SEPARATOR, which ends every
   statement. The rule needs no knowledge of the parse, so the grammar stays LALR(1).

   Brackets are followed too, for what is said about one that is missing, and for where to go on
   after a mistake: at the end of the statement, with the blocks inside it passed over. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "support/arena.h"
#include "support/diag.h"

enum { RAW_NEWLINE = 1 }; /* a token of flex that the grammar never sees */

/* What a SEPARATOR stands for. */
typedef enum SeparatorKind {
  SEPARATOR_SEMICOLON,
  SEPARATOR_NEWLINE,
  SEPARATOR_BRACE, /* before a } */
  SEPARATOR_END    /* before the end of the file */
} SeparatorKind;

typedef struct Token {
  int kind; /* of enum yytokentype, in dag.tab.h */
  Span span;
  bool first_on_line;
  bool misread; /* a mistake in it, or before it on its line, is reported already */
  SeparatorKind separator;
  const char *text; /* a name or number as written; a string without its escapes */
  int64_t integer;
  double real;
} Token;

/* A text as it is written, for what keeps its comments: all tokens that the grammar got, SEPARATORs
   and END among them, and the comments, from # to the end of the line. Both in their order. */
typedef struct Written {
  ARRAY(Token) tokens;
  ARRAY(Span) comments;
} Written;

typedef struct Bracket {
  char open; /* ( [ or {; 0: none */
  bool train;
  uint32_t indent; /* the column of the statement that opens it */
  Span span;
} Bracket;

typedef struct Tokens {
  Arena *arena;
  Diag *diag;
  const Source *source;
  void *scanner;
  Written *written;      /* what is read is added there; NULL: nobody asks */
  uint32_t line, column; /* where flex stands */

  int start;              /* the first token: which grammar */
  Token next;             /* read, not yet given */
  Token before;           /* the one before previous */
  Token previous;         /* given last */
  Token first;            /* of the statement that is being read */
  ARRAY(Bracket) open;    /* after `previous` */
  uint32_t braces;        /* among them */
  Bracket innermost;      /* before `previous` */
  uint32_t braces_before; /* before `previous` */
  Bracket suspect;        /* the first { whose } stands in another column than its statement */
  Token replayed;         /* given once more, after a SEPARATOR */
  enum { REPLAY_NONE, REPLAY_SEPARATOR, REPLAY_TOKEN } replay;
  bool started, stopped;
  bool misread;         /* as in the token that flex gives next */
  bool skipping;        /* to the end of the statement, after a mistake */
  uint32_t skip_braces; /* the blocks around that statement */
  bool muted;           /* a mistake in this statement was reported: what follows from it is not */
} Tokens;

/* The bytes begin … end - 1 of a source, and where they stand in it. */
typedef struct TextPart {
  size_t begin, end;
  uint32_t line, column;
} TextPart;

/* All but a byte order mark. */
TextPart whole_text(const Source *source);
void tokens_open(Tokens *tokens, Arena *arena, Diag *diag, const Source *source, TextPart part,
                 int start);
void tokens_close(Tokens *tokens);
/* After the last one, END again and again. */
Token tokens_next(Tokens *tokens);
/* The parser met a mistake at `previous`: goes on after the statement. */
void tokens_recover(Tokens *tokens);
/* Nothing more is read. */
void tokens_stop(Tokens *tokens);

/* A kind of token in the user's words: "`(`", "a name". */
const char *token_words(int kind);
/* The keyword's kind, or NAME. */
int keyword_kind(const char *text);
bool is_keyword(int kind);
bool is_operator(int kind);

/* grammar/dag.l found a comment there. */
void write_comment(Tokens *tokens, Span span);

/* grammar/dag.l: the next token as it stands in the text. */
int dag_scan(Token *token, void *scanner);
