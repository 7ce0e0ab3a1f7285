/* Stage 3: every TENSOR_DERIVATIVE becomes a definition, by the one formula of architecture.md. */
#pragma once
#include "graph/graph.h"

/* Appends the adjoint definitions to the program's graph. `clean`: bracket elimination applied to
   each as it is made. Derivatives that cannot be taken are errors at their place. */
void differentiate(Program *program, Diag *diag);

/* The same for one derivative, at once, while the program is still being read. n_shared: the first
   axes of its source and of what it is taken by are points, and what belongs to another point does
   not count: in a source that reads only its own, that is the sum over all of them. */
void differentiate_at(Graph *graph, Diag *diag, TensorId id, uint32_t n_shared);
/* And for all that `root` depends on. */
void differentiate_needed(Graph *graph, Diag *diag, TensorId root);
