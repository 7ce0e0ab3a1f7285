/* The texts that the editor has open. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include "lsp/analysis.h"

typedef struct OpenDocument {
  Document document; /* owned */
  json_t *version;   /* NULL: none was given */
  json_t *analysis;  /* of the text as it is; NULL: to be made, or it failed */
  bool fresh;        /* the analysis is that of the text as it is */
} OpenDocument;

typedef struct Documents {
  OpenDocument *items;
  size_t count, capacity;
} Documents;

/* NULL: no such document is open. */
OpenDocument *document_find(Documents *documents, const char *uri);
/* Opens a document or gives it another text; both are copied. */
void document_set(Documents *documents, const char *uri, const json_t *text, json_t *version);
void document_close(Documents *documents, const char *uri);
void documents_free(Documents *documents);
