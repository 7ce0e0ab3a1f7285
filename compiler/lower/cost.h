/* What calls cost. Private to lower/. */
#pragma once
#include "lower/kernel.h"

/* Kernel.flops and .bytes, of each kernel's first call. */
void find_costs(Plan *plan);
