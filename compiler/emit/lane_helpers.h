/* The functions of vectors that are no mathematics: loads, stores, splats, ramps, folds,
   transposition. Private to emit/. */
#pragma once
#include "emit/lane_texts.h"

void lane_typedef_write(Text *out, const LaneUse *use);
/* The processor's f16, where it has one. */
void half_type_write(Text *out, const LaneUse *use);
void lane_helpers_write(Arena *arena, Text *out, const LaneUse *use);
