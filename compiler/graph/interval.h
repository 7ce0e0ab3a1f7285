/* The interval rules that scalar_ops.def names: the range of an integer result from those of its
   operands. Results that could overflow int64_t have no bound. */
#pragma once
#include "graph/scalar_ops.h"

IntervalRule interval_add, interval_sub, interval_mul, interval_div, interval_mod, interval_neg,
    interval_min, interval_max, interval_abs, interval_sign, interval_where, interval_same;
