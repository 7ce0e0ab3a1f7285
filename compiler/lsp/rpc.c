#include "lsp/rpc.h"
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "support/diag.h"

enum { MAX_MESSAGE = 64 << 20, MAX_HEADER_LINE = 1 << 10 };

static bool fill(Rpc *rpc) {
  ssize_t n;
  do n = read(rpc->in, rpc->buffer, sizeof rpc->buffer);
  while (n < 0 && errno == EINTR);
  rpc->begin = 0;
  rpc->end = n > 0 ? (size_t)n : 0;
  return n > 0;
}

bool rpc_waits(Rpc *rpc, int milliseconds) {
  if (rpc->begin < rpc->end) return true;
  struct pollfd ready = {.fd = rpc->in, .events = POLLIN};
  return poll(&ready, 1, milliseconds) > 0;
}

/* A line of the header without its end; of a long one, the end. False at the end of the input. */
static bool read_line(Rpc *rpc, char line[MAX_HEADER_LINE]) {
  size_t length = 0;
  for (;;) {
    if (rpc->begin == rpc->end && !fill(rpc)) return false;
    char c = rpc->buffer[rpc->begin++];
    if (c == '\n') break;
    if (length + 1 == MAX_HEADER_LINE) {
      memmove(line, line + length / 2, length - length / 2);
      length -= length / 2;
    }
    line[length++] = c;
  }
  if (length > 0 && line[length - 1] == '\r') length--;
  line[length] = '\0';
  return true;
}

/* The length that a header gives; -1: it gives none that can be used. False at the end. What a
   client sends after a mistake may stand right behind what was not read: the name of the field is
   looked for in the whole line. */
static bool read_header(Rpc *rpc, long long *length) {
  char line[MAX_HEADER_LINE];
  static const char name[] = "Content-Length:";
  *length = -1;
  for (;;) {
    if (!read_line(rpc, line)) return false;
    if (line[0] == '\0') return true;
    const char *field = strcasestr(line, name);
    if (field == NULL) continue;
    char *end;
    const char *digits = field + sizeof name - 1;
    errno = 0;
    *length = strtoll(digits, &end, 10);
    while (*end == ' ') end++;
    if (end == digits || *end != '\0' || errno != 0 || *length < 0) *length = -1;
  }
}

/* Reads so many bytes into `to`, or past them when it is NULL. */
static bool read_bytes(Rpc *rpc, char *to, long long length) {
  while (length > 0) {
    if (rpc->begin == rpc->end && !fill(rpc)) return false;
    size_t n = rpc->end - rpc->begin;
    if ((long long)n > length) n = (size_t)length;
    if (to != NULL) {
      memcpy(to, rpc->buffer + rpc->begin, n);
      to += n;
    }
    rpc->begin += n;
    length -= (long long)n;
  }
  return true;
}

json_t *rpc_read(Rpc *rpc, bool *bad) {
  *bad = false;
  long long length;
  if (!read_header(rpc, &length)) return NULL;
  if (length < 0 || length > MAX_MESSAGE) {
    *bad = length < 0 || read_bytes(rpc, NULL, length);
    return NULL;
  }
  char *bytes = malloc((size_t)length + 1);
  if (bytes == NULL) fatal("out of memory, reading a message of %lld bytes", length);
  json_t *message = NULL;
  if (read_bytes(rpc, bytes, length)) {
    message = json_loadb(bytes, (size_t)length, JSON_ALLOW_NUL, NULL);
    *bad = message == NULL;
  }
  free(bytes);
  return message;
}

static bool write_bytes(int out, const char *bytes, size_t length) {
  while (length > 0) {
    ssize_t n = write(out, bytes, length);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    bytes += n;
    length -= (size_t)n;
  }
  return true;
}

static bool write_message(Rpc *rpc, json_t *message) {
  char *body = message == NULL ? NULL : json_dumps(message, JSON_COMPACT);
  json_decref(message);
  if (body == NULL) fatal("out of memory, writing a message");
  char header[64];
  int n = snprintf(header, sizeof header, "Content-Length: %zu\r\n\r\n", strlen(body));
  bool written =
      write_bytes(rpc->out, header, (size_t)n) && write_bytes(rpc->out, body, strlen(body));
  free(body);
  return written;
}

bool rpc_respond(Rpc *rpc, json_t *id, json_t *result) {
  return write_message(rpc,
                       json_pack("{s:s, s:o, s:o}", "jsonrpc", "2.0", "id", id, "result", result));
}

bool rpc_refuse(Rpc *rpc, json_t *id, RpcError code, const char *message) {
  return write_message(rpc, json_pack("{s:s, s:o, s:{s:i, s:s}}", "jsonrpc", "2.0", "id", id,
                                      "error", "code", (int)code, "message", message));
}

bool rpc_notify(Rpc *rpc, const char *method, json_t *params) {
  return write_message(
      rpc, json_pack("{s:s, s:s, s:o}", "jsonrpc", "2.0", "method", method, "params", params));
}
