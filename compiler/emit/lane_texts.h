/* Which lane types and which of their functions a file uses, and their text: the elementary
   functions of vector_math/ as far as they are needed, and loads, stores, folds… of vectors.
   Private to emit/. */
#pragma once
#include "lower/kernel.h"

/* A lane type: `lanes` elements of a type; lanes 1: a scalar. */
typedef struct LaneUse {
  ScalarType type;
  uint8_t lanes;
  bool functions_begun; /* while writing: between the macros of this lane type */
  const char *section;  /* of the LaneTexts */
  Map functions;        /* names of texts of vector_math/ that were asked for */
  Map helpers;          /* "load", "store", "splat", "ramp", "transpose", "fold_add"… */
} LaneUse;

/* Of one section of a file. */
typedef struct LaneTexts {
  Arena *arena;
  const char *section; /* what its functions' names end in: "", "_v3" */
  Map *file;           /* names of what the file has already: functions without lane types in their
                          names serve the sections behind too */
  LaneUse *uses;
  size_t n, capacity;
} LaneTexts;

LaneTexts lane_texts_new(Arena *arena, const char *section, Map *file);

/* "f32" or "f32x16". */
const char *lane_name(Arena *arena, ScalarType type, uint8_t lanes);
/* What the names of functions over a lane type end in: "f32x16", "f32x8_v3". */
const char *lane_suffix(Arena *arena, const LaneUse *use, ScalarType type);
/* The C type: "float", "int32_t", "f32x16"; it is noted as used. */
const char *lane_type(LaneTexts *texts, ScalarType type, uint8_t lanes);
/* The type of the elements in memory: bool is uint8_t there. */
const char *element_type(ScalarType type);
/* The name of a function of vector_math/, "exp_f32x16"; it is noted as used, with all it needs.
   Integers and bool: type I32 or I64. */
const char *lane_function(LaneTexts *texts, ScalarType type, uint8_t lanes, const char *function);
/* The same of a function that is written here: load, store, splat, ramp, transpose, fold_<op>. */
const char *lane_helper(LaneTexts *texts, ScalarType type, uint8_t lanes, const char *helper);
/* A load of the first few, by halves, unless the vector is so short. */
enum { SHORT_LANES = 4 };
const char *lane_part_load(LaneTexts *texts, ScalarType type, uint8_t lanes, uint8_t present);
/* Type definitions, functions and helpers that were noted, as far as `callers`, the text that they
   were noted for, calls them. */
void lane_texts_write(const LaneTexts *texts, Text *out, const char *callers);
