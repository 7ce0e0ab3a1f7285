/* Conversions between element types. Private to emit/. */
#pragma once
#include "emit/writer.h"

/* The type of the lanes that functions compute in: reals and i64 themselves, all else in i32 (a
   mask of 8-byte lanes: i64). */
ScalarType computing_type(Lanes type);
/* A value of OP_CAST. A real becomes an integer by truncation; integers wrap around; a bool is
   whether the number is not 0. */
void write_cast(Writer *w, const Value *v);
