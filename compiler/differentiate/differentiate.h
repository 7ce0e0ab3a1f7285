/* Stage 3: every TENSOR_DERIVATIVE becomes a definition, by the one formula of architecture.md. */
#pragma once
#include "graph/graph.h"

/* Appends the adjoint definitions to the program's graph. `clean`: bracket elimination applied to
   each as it is made. Derivatives that cannot be taken are errors at their place. */
void differentiate(Program *program, Diag *diag);
