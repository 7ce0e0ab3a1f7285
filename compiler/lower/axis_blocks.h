/* Activations in blocks of the index that lies innermost. Private to lower/. */
#pragma once
#include "lower/work.h"

typedef struct AxisBlocks AxisBlocks;

/* Of a program that has sums over windows; NULL: it has none. */
AxisBlocks *axis_blocks_new(Arena *arena, const Program *program);
/* Notes what an entry of the program wants, once its layouts are made. */
void want_blocks(AxisBlocks *b, const Work *w);
/* The program, with what is wanted; itself, where nothing is. */
const Program *program_in_blocks(AxisBlocks *b);
