/* Stage 6: kernels to C text. One file: constants, one struct, static kernels, then the API. */
#pragma once
#include "lower/lower.h"

/* Where the parts of a C file stand: bytes of its text, from `begin` on, `end` excluded. */
typedef struct TextRange {
  size_t begin, end;
} TextRange;
typedef struct CodePlaces {
  TextRange *kernels;       /* per kernel of the first plan: its comment and its function */
  const char *const *names; /* per kernel: what that is called */
  TextRange init, *entries; /* per entry of the program: its function */
} CodePlaces;

/* Which of the runtime's text stands in the file, behind the model. */
typedef enum RuntimeText {
  RUNTIME_NONE,
  RUNTIME_PEAK, /* what measures the machine's peak, with the vectors that the file is compiled for */
  RUNTIME_WHOLE
} RuntimeText;

typedef struct EmitOptions {
  bool no_main; /* leave main out */
  RuntimeText runtime;
  const char *header; /* the name to #include for the declarations; NULL: they stand in the file */
} EmitOptions;

/* Of more than one plan, each becomes a section of the file: the first is for any machine, the
   others for those that have the instructions, which is found out when it runs. All have the same
   workspace_bytes, and params lie in the same way. Returns where the parts stand. */
CodePlaces emit_c(Text *out, const Program *program, const Plan *const *plans, uint32_t n_plans,
                  const EmitOptions *options);
/* The header: sizes, struct, prototypes; for C and C++. */
void emit_header(Text *out, const Program *program, const Plan *plan);
