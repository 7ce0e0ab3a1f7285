/* Members of the struct that repeat but for a number in their names, as the params and states of
   equal blocks do: written once, as a macro of that number. Private to emit/. */
#pragma once
#include "emit/emitter.h"

/* `turns` times `period` members from `first` on; turns 1: no run. */
typedef struct MemberRun {
  uint32_t first, period, turns;
} MemberRun;

/* Buffers that are members, in order. */
typedef struct Members {
  BufferId *items;
  uint32_t n;
} Members;

Members members_of(const Emitter *e, TensorKind kind);
MemberRun find_member_run(const Emitter *e, const Members *members, uint32_t first);

/* A name with the number in it replaced by what it is called in a macro. */
#define TURN_PARAMETER "TURN"
const char *member_pattern(const Emitter *e, const Members *members, MemberRun run, uint32_t i);
/* Pieces of the name that the runtime knows a member by: before and after the number. */
void member_pieces(const Emitter *e, const Members *members, MemberRun run, uint32_t i,
                   const char **before, const char **after);
/* "name(0) name(1) …": the macro for all turns. */
void write_member_turns(const Emitter *e, Text *out, const char *macro, const Members *members,
                        MemberRun run);
