/* Runs of calls that repeat: the blocks of a deep model. Private to emit/. */
#pragma once
#include "emit/emitter.h"

/* `turns` times the same `period` kernels, from call `first` on; turns 1: no run. */
typedef struct Run {
  uint32_t first, period, turns;
} Run;

/* The run that begins at a call and saves most calls; turns 1 where none is worth a loop. */
Run find_run(const Plan *plan, const EntryPlan *entry, uint32_t first);

/* What one parameter of one call of a run is from turn to turn. */
typedef enum Course {
  COURSE_CONSTANT, /* one buffer */
  COURSE_STEADY,   /* `distance` bytes further each turn */
  COURSE_TABLE     /* anywhere */
} Course;

typedef struct Slot {
  const BufferId *buffers; /* per turn */
  Course course;
  int64_t distance;
} Slot;

/* The slots of a run that differ, and for each parameter of each call of a turn, in order, which it
   is. */
typedef struct Slots {
  Slot *items;
  uint32_t n;
  uint32_t *of;
} Slots;

/* The values of site `site` of call `call` of a turn, per turn; NULL: they are all the same. */
const int64_t *sites_of(const Emitter *e, const EntryPlan *entry, Run run, uint32_t call,
                        uint32_t site);

Slots find_slots(const Emitter *e, const EntryPlan *entry, Run run);

/* Bytes from the start of the struct, or of the workspace. */
int64_t place_of(const Emitter *e, BufferId buffer);
