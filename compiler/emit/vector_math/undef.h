/* needs: */
/* Ends a lane type: undefines the emitter's macros and those of lanes.h. */
#undef BITS
#undef LANES
#undef V
#undef VI
#undef W
#undef WI
#undef NAME
#undef WIDE
#undef K
#undef KI
#undef ALL
#undef LANE
#undef MASK
#undef SIGN_BIT
#undef MANTISSA_BITS
#undef EXPONENT_BIAS
