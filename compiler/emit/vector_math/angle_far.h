/* needs: lanes */
/* Reduction of large angles after Payne & Hanek: of x = m 2^e, m an integer of 53 bits, and 2/pi =
   sum of words w_j 2^(-32 (j + 1)), the words whose product with x is a multiple of 4 are left out,
   seven follow. */
#ifndef ANGLE_FAR
#define ANGLE_FAR
LANE_FN int64_t angle_far(double x, double *r, double *low) {
  static const uint32_t two_over_pi[] = {
      0xa2f9836e, 0x4e441529, 0xfc2757d1, 0xf534ddc0, 0xdb629599, 0x3c439041, 0xfe5163ab,
      0xdebbc561, 0xb7246e3a, 0x424dd2e0, 0x06492eea, 0x09d1921c, 0xfe1deb1c, 0xb129a73e,
      0xe88235f5, 0x2ebb4484, 0xe99c7026, 0xb45f7e41, 0x3991d639, 0x835339f4, 0x9c845f8b,
      0xbdf9283b, 0x1ff897ff, 0xde05980f, 0xef2f118b, 0x5a0a6d1f, 0x6d367ecf, 0x27cb09b7,
      0x4f463f66, 0x9e5fea2d, 0x7527bac7, 0xebe5f17b, 0x3d0739f7, 0x8a5292ea, 0x6bfb5fb1,
      0x1f8d5d08, 0x56033046, 0xfc7b6bab, 0xf0cfbc20, 0x9af4361d};
  uint64_t pattern;
  memcpy(&pattern, &x, sizeof pattern);
  int e = (int)(pattern >> 52 & 0x7ff) - 1075;
  uint64_t m = (pattern & 0xfffffffffffff) | 0x10000000000000;
  /* m 2^e w_j 2^(-32 (j + 1)) is a multiple of 4 for 32 (j + 1) + 2 <= e */
  int first = e >= 34 ? (e - 2) / 32 : 0;
  uint32_t sum[9] = {0}; /* m times the seven words, least significant first */
  for (int j = 0; j < 7; j++) {
    uint64_t word = two_over_pi[first + 6 - j];
    uint64_t low_part = word * (m & 0xffffffff) + sum[j];
    uint64_t high_part = word * (m >> 32) + sum[j + 1] + (low_part >> 32);
    sum[j] = (uint32_t)low_part;
    sum[j + 1] = (uint32_t)high_part;
    sum[j + 2] = (uint32_t)(high_part >> 32);
  }
  /* the point is 32 (first + 7) - e bits up: shift left until the two bits above it lead */
  int lead = 288 - (32 * (first + 7) - e) - 2;
  uint32_t top[4];
  for (int j = 0; j < 4; j++) {
    int at = 8 - j - lead / 32;
    uint64_t pair = (uint64_t)sum[at] << 32 | sum[at - 1];
    top[j] = (uint32_t)(pair << (lead % 32) >> 32);
  }
  int64_t quarter = top[0] >> 30;
  /* the fraction as 2^-126 times a 128-bit integer, in two halves, nearest: in [-1/2, 1/2) */
  uint64_t high = ((uint64_t)(top[0] & 0x3fffffff) << 32) | top[1];
  uint64_t rest = ((uint64_t)top[2] << 32) | top[3];
  int negative = high >> 61 & 1;
  if (negative) {
    quarter++;
    high = ((uint64_t)1 << 62) - 1 - high;
    rest = ~rest;
  }
  /* as a sum of three doubles, none of which is rounded but the last */
  double f0 = (double)(high >> 10) * 0x1p-52;
  double f1 = (double)((high & 0x3ff) << 22 | rest >> 42) * 0x1p-84;
  double f2 = (double)(rest & 0x3ffffffffff) * 0x1p-126;
  double f_high = f0 + (f1 + f2);
  double f_low = ((f0 - f_high) + f1) + f2;
  /* times pi/2: heads have 26 bits, so the leading product is exact */
  uint64_t cut;
  memcpy(&cut, &f_high, sizeof cut);
  cut &= ~(uint64_t)0x7ffffff;
  double head;
  memcpy(&head, &cut, sizeof head);
  double tail = (f_high - head) + f_low;
  double product = head * 0x1.921fb5p+0;
  double below = head * 0x1.110b4611a6263p-26 + tail * 0x1.921fb54442d18p+0;
  double sign = (negative != (x < 0)) ? -1 : 1;
  double y = product + below;
  *low = sign * (below - (y - product));
  *r = sign * y;
  return x < 0 ? -quarter : quarter;
}
#endif
