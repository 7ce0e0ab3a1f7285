/* Stage 5: definitions to kernels. Fuses definitions into loop nests, recognises contractions by
   their index sets, gives them register tiles, and plans memory. */
#pragma once
#include "graph/graph.h"
#include "lower/kernel.h"

/* What the C is generated for: the sizes that tiles, vectors and threads are chosen from. */
struct TargetMachine {
  const char *name;
  int vector_bytes; /* 64, 32, 16 */
  int vector_registers;
  int64_t l1_bytes, l2_bytes;
  double team_operations; /* that an entry has at least, to be worth a team of threads */
};

/* "generic", "x86-64-v3", …; "native": the machine that dagc runs on. NULL when unknown. */
const TargetMachine *target_named(Arena *arena, const char *name);

/* The targets that one C file can be for together: any machine, then those with more and more
   instructions. */
enum { N_PORTABLE = 3 };
extern const char *const portable_targets[N_PORTABLE];

/* The kernels, buffers and memory plan of every entry and of init. alike: another plan of the
   program, whose struct this one shares; NULL. */
Plan *lower(Arena *arena, const Program *program, const TargetMachine *target, const Plan *alike);
void verify_plan(const Plan *plan, const char *pass);
/* --emit=kernels */
void print_kernels(Text *out, const Plan *plan);
/* --emit=plan */
void print_plan(Text *out, const Plan *plan);
/* --emit=cost */
void print_cost(Text *out, const Plan *plan);
