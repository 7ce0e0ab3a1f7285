/* Messages of the base protocol: a header with the length, a blank line, a JSON value. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include "support/text.h"

/* JSON-RPC 2.0 and LSP 3.17. */
typedef enum RpcError {
  RPC_PARSE_ERROR = -32700,
  RPC_INVALID_REQUEST = -32600,
  RPC_METHOD_NOT_FOUND = -32601,
  RPC_INVALID_PARAMS = -32602,
  RPC_INTERNAL_ERROR = -32603,
  RPC_NOT_INITIALIZED = -32002
} RpcError;

typedef struct Rpc {
  int in, out;
  char buffer[1 << 14];
  size_t begin, end; /* of what is read and not used yet */
} Rpc;

/* The next message. NULL at the end of the input; when the message is none, *bad is true, and the
   next one can be read. */
json_t *rpc_read(Rpc *rpc, bool *bad);
/* Whether something comes within that time: then rpc_read has work. */
bool rpc_waits(Rpc *rpc, int milliseconds);

/* Each takes over the JSON values that it is given. False: nobody reads any more. */
bool rpc_respond(Rpc *rpc, json_t *id, json_t *result);
bool rpc_refuse(Rpc *rpc, json_t *id, RpcError code, const char *message);
bool rpc_notify(Rpc *rpc, const char *method, json_t *params);
