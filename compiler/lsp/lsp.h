/* dagc lsp: a server of the Language Server Protocol 3.17, for editors. */
#pragma once

/* Serves the client on these files until it says exit, or its end closes. Returns the exit code
   that the protocol asks for: 0 after shutdown, else 1. */
int serve_editor(int in, int out);
