/* A file for several machines: a section of kernels for each, compiled with its instructions, and a
   function that finds out which of them this machine has. Without x86-64 there is the first only.

   The team of threads is the API's functions': what a C compiler makes of a parallel region is a
   function of its own, which does not get a section's instructions from all of them. */
#include "emit/sections.h"
#include <string.h>
#include "emit/lines.h"

enum { MOST_FEATURES = 8 };

typedef struct SectionKind {
  const char *target, *suffix;
  const char *features[MOST_FEATURES + 1]; /* as __builtin_cpu_supports and target() know them */
} SectionKind;

static const SectionKind kinds[] = {
    {"generic", "_generic", {NULL}},
    {"x86-64-v3", "_v3", {"avx2", "fma", "bmi", "bmi2"}},
    {"x86-64-v4",
     "_v4",
     {"avx2", "fma", "bmi", "bmi2", "avx512f", "avx512bw", "avx512dq", "avx512vl"}},
};

static const SectionKind *kind_of(const Plan *plan) {
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
    if (strcmp(kinds[i].target, plan->target->name) == 0) return &kinds[i];
  bug("emit", "there are no sections for %s", plan->target->name);
}

const char *section_suffix(const Plan *plan) { return kind_of(plan)->suffix; }

static void write_features(Text *out, const SectionKind *kind, const char *format,
                           const char *between) {
  for (size_t i = 0; kind->features[i] != NULL; i++) {
    if (i > 0) text_add(out, between);
    text_printf(out, format, kind->features[i]);
  }
}

void begin_section(Text *out, const Plan *plan) {
  const SectionKind *kind = kind_of(plan);
  text_printf(out, "\n/* --- for %s --- */\n",
              kind->features[0] == NULL ? "any machine" : kind->target);
  if (kind->features[0] == NULL) return;
  text_add(out, "#if defined(__x86_64__)\n#if defined(__clang__)\n"
                "#pragma clang attribute push(__attribute__((target(\"");
  write_features(out, kind, "%s", ",");
  text_add(out, "\"))), \\\n                             apply_to = function)\n#else\n"
                "#pragma GCC push_options\n#pragma GCC target(\"");
  write_features(out, kind, "%s", ",");
  text_add(out, "\")\n#endif\n");
}

void end_section(Text *out, const Plan *plan) {
  if (kind_of(plan)->features[0] == NULL) return;
  text_add(out, "\n#if defined(__clang__)\n#pragma clang attribute pop\n#else\n"
                "#pragma GCC pop_options\n#endif\n#endif\n");
}

void write_choice_function(Text *out, const Sections *s) {
  text_printf(out,
              "\n/* --- for all --- */\n\n#if defined(__x86_64__)\n"
              "/* The last section whose instructions this machine has. */\n"
              "static int %s(void) {\n",
              s->items[0].choice);
  for (uint32_t i = s->n - 1; i > 0; i--) {
    Text line = text_new(out->arena);
    text_add(&line, "  if (");
    write_features(&line, kind_of(s->items[i].plan), "__builtin_cpu_supports(\"%s\")", " && ");
    text_printf(&line, ")\n    return %u;\n", i);
    add_wrapped(out, text_string(&line));
  }
  text_add(out, "  return 0;\n}\n#endif\n");
}

bool any_team(const Sections *s, uint32_t number) {
  for (uint32_t i = 0; i < s->n; i++)
    if (entry_plan(s->items[i].plan, number)->team) return true;
  return false;
}

void write_choice(Text *out, const Sections *s, uint32_t number, const char *arguments) {
  bool team = any_team(s, number);
  const char *indent = team ? "    " : "  ";
  if (team) text_add(out, "  TEAM {\n");
  text_add(out, "#if defined(__x86_64__)\n");
  for (uint32_t i = s->n - 1; i > 0; i--)
    text_printf(out, "%s%sif (%s() == %u)\n%s  %s(%s);\n", indent, i + 1 < s->n ? "else " : "",
                s->items[0].choice, i, indent, s->items[i].parts[number], arguments);
  text_printf(out, "%selse\n#endif\n%s  %s(%s);\n", indent, indent, s->items[0].parts[number],
              arguments);
  if (team) text_add(out, "  }\n");
}
