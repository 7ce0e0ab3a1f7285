/* The conversation with the editor. A text is analysed when it has changed and nothing more is
   coming, or when it is asked about. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include "lsp/documents.h"
#include "lsp/isolate.h"
#include "lsp/lsp.h"
#include "lsp/prelude_files.h"
#include "lsp/rpc.h"

enum {
  ANALYSIS_SECONDS = 20, /* after which an analysis is given up */
  PAUSE_MS = 50          /* without a message: the user has stopped typing */
};

typedef struct Server {
  Rpc rpc;
  Documents documents;
  bool initialized, shut_down, exited;
  bool deaf; /* the client reads no more */
} Server;

/* --- analysis --- */

static json_t *failed_diagnostics(void) {
  return json_pack("[{s:{s:{s:i, s:i}, s:{s:i, s:i}}, s:i, s:s, s:s}]", "range", "start", "line", 0,
                   "character", 0, "end", "line", 0, "character", 0, "severity", 1, "source",
                   "dagc", "message",
                   "dagc has failed on this text; what it printed is in the server's log");
}

static void publish(Server *s, const char *uri, json_t *version, json_t *diagnostics) {
  json_t *params = json_pack("{s:s, s:o}", "uri", uri, "diagnostics", diagnostics);
  if (version != NULL) json_object_set(params, "version", version);
  if (!rpc_notify(&s->rpc, "textDocument/publishDiagnostics", params)) s->deaf = true;
}

/* Brings the analysis of a document up to its text; gives up when something comes to be read from
   `wake`, unless that is -1. */
static void refresh(Server *s, OpenDocument *open, int wake) {
  if (open->fresh) return;
  bool woken;
  json_t *analysis = run_isolated(analyse, &open->document, ANALYSIS_SECONDS, wake, &woken);
  if (woken) return;
  json_decref(open->analysis);
  open->analysis = analysis;
  open->fresh = true;
  json_t *diagnostics = json_deep_copy(json_object_get(open->analysis, "diagnostics"));
  if (diagnostics == NULL) diagnostics = failed_diagnostics();
  json_t *diagnostic;
  size_t i;
  json_array_foreach(diagnostics, i, diagnostic)
      give_prelude_files(json_object_get(diagnostic, "relatedInformation"));
  publish(s, open->document.uri, open->version, diagnostics);
}

/* As long as nobody asks for anything else. */
static void refresh_all(Server *s) {
  for (size_t i = 0; i < s->documents.count; i++) refresh(s, &s->documents.items[i], s->rpc.in);
}

static bool is_stale(const Server *s) {
  for (size_t i = 0; i < s->documents.count; i++)
    if (!s->documents.items[i].fresh) return true;
  return false;
}

/* --- requests --- */

/* Answers: a result, or NULL where *wrong says what is wrong with the parameters. */
typedef json_t *Handler(Server *s, const json_t *params, const char **wrong);

static json_t *initialize(Server *s, const json_t *params, const char **wrong) {
  (void)params;
  (void)wrong;
  s->initialized = true;
  return json_pack("{s:{s:s, s:{s:b, s:i}, s:b, s:b, s:b, s:b, s:{}}, s:{s:s, s:s}}",
                   "capabilities", "positionEncoding", "utf-16", "textDocumentSync", "openClose", 1,
                   "change", 1, "hoverProvider", 1, "definitionProvider", 1,
                   "documentFormattingProvider", 1, "documentSymbolProvider", 1,
                   "completionProvider", "serverInfo", "name", "dagc", "version", DAGC_VERSION);
}

static json_t *shut_down(Server *s, const json_t *params, const char **wrong) {
  (void)params;
  (void)wrong;
  s->shut_down = true;
  return json_null();
}

static const char *uri_of(const json_t *params) {
  return json_string_value(json_object_get(json_object_get(params, "textDocument"), "uri"));
}

/* The document of a request, analysed; NULL: it is not open. */
static OpenDocument *document_of(Server *s, const json_t *params, const char **wrong) {
  const char *uri = uri_of(params);
  OpenDocument *open = uri == NULL ? NULL : document_find(&s->documents, uri);
  if (open == NULL)
    *wrong = "no document of that URI is open";
  else
    refresh(s, open, -1);
  return open;
}

static json_int_t number_at(const json_t *array, size_t i) {
  return json_integer_value(json_array_get(array, i));
}

/* Names stand on one line; the place behind the last letter belongs to it, too. */
static bool holds(const json_t *name, json_int_t line, json_int_t character) {
  return number_at(name, 0) == line && number_at(name, 1) <= character &&
         character <= number_at(name, 3);
}

/* The name at the position of a request: [line, character, …], or NULL. */
static const json_t *name_at(const OpenDocument *open, const json_t *params, const char **wrong) {
  const json_t *position = json_object_get(params, "position");
  const json_t *line = json_object_get(position, "line");
  const json_t *character = json_object_get(position, "character");
  if (!json_is_integer(line) || !json_is_integer(character)) {
    *wrong = "a position has a line and a character";
    return NULL;
  }
  const json_t *name, *found = NULL;
  size_t i;
  json_array_foreach(json_object_get(open->analysis, "names"), i, name) {
    if (!holds(name, json_integer_value(line), json_integer_value(character))) continue;
    found = name; /* of two that meet there, the one that begins there */
  }
  return found;
}

static const json_t *definition_of(const OpenDocument *open, const json_t *name) {
  return json_array_get(json_object_get(open->analysis, "definitions"), (size_t)number_at(name, 4));
}

static json_t *hover(Server *s, const json_t *params, const char **wrong) {
  OpenDocument *open = document_of(s, params, wrong);
  const json_t *name = open == NULL ? NULL : name_at(open, params, wrong);
  if (*wrong != NULL) return NULL;
  if (name == NULL) return json_null();
  json_int_t line = number_at(name, 0);
  return json_pack("{s:{s:s, s:O}, s:{s:{s:I, s:I}, s:{s:I, s:I}}}", "contents", "kind", "markdown",
                   "value", json_object_get(definition_of(open, name), "hover"), "range", "start",
                   "line", line, "character", number_at(name, 1), "end", "line", line, "character",
                   number_at(name, 3));
}

static json_t *definition(Server *s, const json_t *params, const char **wrong) {
  OpenDocument *open = document_of(s, params, wrong);
  const json_t *name = open == NULL ? NULL : name_at(open, params, wrong);
  if (*wrong != NULL) return NULL;
  if (name == NULL) return json_null();
  json_t *location = json_deep_copy(json_object_get(definition_of(open, name), "location"));
  give_prelude_files(location);
  return location;
}

static json_t *formatting(Server *s, const json_t *params, const char **wrong) {
  OpenDocument *open = document_of(s, params, wrong);
  if (open == NULL) return NULL;
  bool woken;
  json_t *edits = run_isolated(format_document, &open->document, ANALYSIS_SECONDS, -1, &woken);
  return edits == NULL ? json_null() : edits;
}

static json_t *part_of_analysis(Server *s, const json_t *params, const char *part,
                                const char **wrong) {
  OpenDocument *open = document_of(s, params, wrong);
  if (open == NULL) return NULL;
  json_t *found = json_object_get(open->analysis, part);
  return found == NULL ? json_array() : json_incref(found);
}

static json_t *symbols(Server *s, const json_t *params, const char **wrong) {
  return part_of_analysis(s, params, "symbols", wrong);
}

static json_t *completion(Server *s, const json_t *params, const char **wrong) {
  return part_of_analysis(s, params, "completions", wrong);
}

static const struct {
  const char *method;
  Handler *handler;
} requests[] = {
    {"initialize", initialize},
    {"shutdown", shut_down},
    {"textDocument/hover", hover},
    {"textDocument/definition", definition},
    {"textDocument/formatting", formatting},
    {"textDocument/documentSymbol", symbols},
    {"textDocument/completion", completion},
};

static Handler *request_handler(const char *method) {
  for (size_t i = 0; i < sizeof requests / sizeof *requests; i++)
    if (strcmp(requests[i].method, method) == 0) return requests[i].handler;
  return NULL;
}

static void refuse(Server *s, json_t *id, RpcError code, const char *message) {
  if (!rpc_refuse(&s->rpc, id == NULL ? json_null() : json_incref(id), code, message))
    s->deaf = true;
}

static void answer(Server *s, json_t *id, const char *method, const json_t *params) {
  Handler *handler = request_handler(method);
  if (s->shut_down) {
    refuse(s, id, RPC_INVALID_REQUEST, "the server is shut down");
  } else if (handler == NULL) {
    refuse(s, id, RPC_METHOD_NOT_FOUND, "dagc does not know this request");
  } else if (!s->initialized && handler != initialize) {
    refuse(s, id, RPC_NOT_INITIALIZED, "the first request is initialize");
  } else if (s->initialized && handler == initialize) {
    refuse(s, id, RPC_INVALID_REQUEST, "the server is initialized already");
  } else {
    const char *wrong = NULL;
    json_t *result = handler(s, params, &wrong);
    if (result == NULL && wrong != NULL)
      refuse(s, id, RPC_INVALID_PARAMS, wrong);
    else if (result == NULL)
      refuse(s, id, RPC_INTERNAL_ERROR, "dagc has no answer to this");
    else if (!rpc_respond(&s->rpc, json_incref(id), result))
      s->deaf = true;
  }
}

/* --- notifications --- */

static void opened(Server *s, const json_t *params) {
  const json_t *document = json_object_get(params, "textDocument");
  const json_t *text = json_object_get(document, "text");
  const char *uri = uri_of(params);
  if (uri == NULL || !json_is_string(text)) return;
  document_set(&s->documents, uri, text, json_object_get(document, "version"));
}

/* Changes come with the whole text, as the server has asked for. */
static void changed(Server *s, const json_t *params) {
  const json_t *document = json_object_get(params, "textDocument");
  const json_t *changes = json_object_get(params, "contentChanges");
  const json_t *text =
      json_object_get(json_array_get(changes, json_array_size(changes) - 1), "text");
  const char *uri = uri_of(params);
  if (uri == NULL || !json_is_string(text) || document_find(&s->documents, uri) == NULL) return;
  document_set(&s->documents, uri, text, json_object_get(document, "version"));
}

static void closed(Server *s, const json_t *params) {
  const char *uri = uri_of(params);
  if (uri == NULL || document_find(&s->documents, uri) == NULL) return;
  document_close(&s->documents, uri);
  publish(s, uri, NULL, json_array());
}

static void saved(Server *s, const json_t *params) {
  (void)params; /* what others import may have changed */
  for (size_t i = 0; i < s->documents.count; i++) s->documents.items[i].fresh = false;
}

static void notice(Server *s, const char *method, const json_t *params) {
  static const struct {
    const char *method;
    void (*handler)(Server *s, const json_t *params);
  } notifications[] = {
      {"textDocument/didOpen", opened},
      {"textDocument/didChange", changed},
      {"textDocument/didClose", closed},
      {"textDocument/didSave", saved},
  };
  if (strcmp(method, "exit") == 0) s->exited = true;
  if (!s->initialized || s->shut_down) return;
  for (size_t i = 0; i < sizeof notifications / sizeof *notifications; i++)
    if (strcmp(notifications[i].method, method) == 0) notifications[i].handler(s, params);
}

/* --- messages --- */

static void handle(Server *s, json_t *message) {
  json_t *id = json_object_get(message, "id"), *method = json_object_get(message, "method");
  bool is_response =
      method == NULL && id != NULL &&
      (json_object_get(message, "result") != NULL || json_object_get(message, "error") != NULL);
  if (is_response) return; /* the server asks nothing */
  if (!json_is_string(method) || (id != NULL && !json_is_string(id) && !json_is_number(id)))
    refuse(s, NULL, RPC_INVALID_REQUEST, "a message has a method, and a request an id");
  else if (id != NULL)
    answer(s, id, json_string_value(method), json_object_get(message, "params"));
  else
    notice(s, json_string_value(method), json_object_get(message, "params"));
}

int serve_editor(int in, int out) {
  Server server = {.rpc = {.in = in, .out = out}};
  Server *s = &server;
  signal(SIGPIPE, SIG_IGN);
  while (!s->exited && !s->deaf) {
    if (is_stale(s) && !rpc_waits(&s->rpc, PAUSE_MS)) refresh_all(s);
    bool bad;
    json_t *message = rpc_read(&s->rpc, &bad);
    if (message == NULL && !bad) break;
    if (bad)
      refuse(s, NULL, RPC_PARSE_ERROR, "this is no message: a header with Content-Length, JSON");
    else
      handle(s, message);
    json_decref(message);
  }
  documents_free(&s->documents);
  return s->shut_down ? 0 : 1;
}
