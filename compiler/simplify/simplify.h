/* Stage 4: the same program, smaller. Exact in floating point for what the user wrote. */
#pragma once
#include "graph/graph.h"

/* To a fixed point: folding, algebra, bracket elimination, sharing, dead code, inlining of copies.
 */
void simplify(Program *program);
