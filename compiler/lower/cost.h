/* What calls cost. Private to lower/. */
#pragma once
#include "lower/kernel.h"

/* cost[…].operations, .read and .written of a call of the kernel with those buffers, and the
   kernel's own flops and bytes. */
void find_cost(const Plan *plan, Kernel *k, const BufferId *buffers, Cost cost[N_PARTS]);
