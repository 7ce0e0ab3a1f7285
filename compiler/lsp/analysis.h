/* What the compiler says about one text, as JSON for the server. Each runs in a process of its own
   (isolate.h): they may end it. */
#pragma once
#include <jansson.h>
#include <stddef.h>

/* A text as the editor has it, saved or not. */
typedef struct Document {
  const char *uri, *path; /* path: for what it imports */
  const char *text;
  size_t length;
} Document;

/* {"diagnostics": [Diagnostic…], "symbols": [DocumentSymbol…],
    "completions": [CompletionItem…],
    "definitions": [{"hover": markdown, "location": Location}…],
    "names": [[line, character, end line, end character, number of the definition]…]}
   names are in the order of their places. data: a Document. */
json_t *analyse(const void *data);

/* [TextEdit…]: none, or the one that lays the text out; null when it has mistakes.
   data: a Document. */
json_t *format_document(const void *data);
