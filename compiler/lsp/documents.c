#include "lsp/documents.h"
#include <stdlib.h>
#include <string.h>
#include "lsp/uri.h"
#include "support/diag.h"

static void *copy(const char *bytes, size_t length) {
  char *copied = malloc(length + 1);
  if (copied == NULL) fatal("out of memory, keeping a text");
  memcpy(copied, bytes, length);
  copied[length] = '\0';
  return copied;
}

OpenDocument *document_find(Documents *documents, const char *uri) {
  for (size_t i = 0; i < documents->count; i++)
    if (strcmp(documents->items[i].document.uri, uri) == 0) return &documents->items[i];
  return NULL;
}

/* A text without a file has a name, too: its diagnostics show it. */
static char *document_path(const char *uri) {
  Arena *arena = arena_new();
  const char *path = path_of_uri(arena, uri);
  if (path == NULL) path = uri;
  char *copied = copy(path, strlen(path));
  arena_free(arena);
  return copied;
}

static OpenDocument *add_document(Documents *documents, const char *uri) {
  if (documents->count == documents->capacity) {
    documents->capacity = documents->capacity == 0 ? 8 : 2 * documents->capacity;
    size_t bytes = documents->capacity * sizeof *documents->items;
    documents->items = realloc(documents->items, bytes);
    if (documents->items == NULL) fatal("out of memory, opening a text");
  }
  OpenDocument *added = &documents->items[documents->count++];
  *added = (OpenDocument){.document = {.uri = copy(uri, strlen(uri)), .path = document_path(uri)}};
  return added;
}

void document_set(Documents *documents, const char *uri, const json_t *text, json_t *version) {
  OpenDocument *open = document_find(documents, uri);
  if (open == NULL) open = add_document(documents, uri);
  free((void *)open->document.text);
  json_decref(open->version);
  open->document.length = json_string_length(text);
  open->document.text = copy(json_string_value(text), open->document.length);
  open->version = json_incref(version);
  open->fresh = false;
}

static void release(OpenDocument *open) {
  free((void *)open->document.uri);
  free((void *)open->document.path);
  free((void *)open->document.text);
  json_decref(open->version);
  json_decref(open->analysis);
}

void document_close(Documents *documents, const char *uri) {
  OpenDocument *open = document_find(documents, uri);
  if (open == NULL) return;
  release(open);
  *open = documents->items[--documents->count];
}

void documents_free(Documents *documents) {
  for (size_t i = 0; i < documents->count; i++) release(&documents->items[i]);
  free(documents->items);
}
