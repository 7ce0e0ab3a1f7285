/* needs: */
/* How functions of lanes are declared: again for each lane type. */
#undef LANE_FN
#undef LANE_INLINE
#define LANE_INLINE static inline __attribute__((unused, always_inline))
#if LANES == 1 || defined(__clang__)
#define LANE_FN static inline __attribute__((unused))
#else /* gcc warns of functions that return vectors wider than the machine's, unless inlined */
#define LANE_FN LANE_INLINE
#endif
/* nothing here crosses a file, so the way wide vectors are passed does not matter */
#pragma GCC diagnostic ignored "-Wpsabi"
