/* The updates of a training step. Those of params that are made alike are shown once, of θ.
   Private to notation/. */
#pragma once
#include "notation/recognise.h"

typedef struct UpdateGroup {
  Glyph detail; /* ", for each θ of W₁, b₁" */
  Line *lines;
  uint32_t n_lines;
} UpdateGroup;

typedef struct UpdateGroups {
  const UpdateGroup *items;
  uint32_t n;
  const bool *in_theta; /* per tensor: a state that is shown as that of θ only */
} UpdateGroups;

UpdateGroups group_updates(const Recogniser *recogniser);
