/* team_c MODEL.dag: the C of a model, as `dagc --no-main` writes it for this machine, but with a team
   of threads however little there is to do: the small models of the tests too have what it needs,
   loops that are shared, parts for one thread, and barriers. */
#include <stdio.h>
#include <string.h>
#include "output.h"
#include "pipeline.h"
#include "syntax/syntax.h"

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  Arena *arena = arena_new();
  const Source *source = source_read(arena, diag_new(arena, stderr), argv[1], span_none());
  if (source == NULL) return 1;
  const char *messages;
  Program *program =
      pipeline_elaborate(arena, model_name(arena, argv[1]), source->text, &messages);
  if (program == NULL || !pipeline_differentiate(arena, program, &messages)) {
    fputs(messages, stderr);
    return 1;
  }
  TargetMachine machine = *target_named(arena, "native");
  machine.team_operations = 0;
  fputs(pipeline_c_on(arena, program, &machine), stdout);
  arena_free(arena);
  return 0;
}
