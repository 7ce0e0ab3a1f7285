/* needs: lanes, round, floor */
/* wide */
/* a - b floor(a / b): the remainder with the sign of b, exact up to the addition that gives it that
 * sign. */
#if BITS == 32
LANE_FN V NAME(floormod)(V a, V b) {
  return NAME(narrow)(WIDE(floormod)(NAME(widen)(a), NAME(widen)(b)));
}
#else
#ifndef REMAINDER_FAR
#define REMAINDER_FAR
/* the remainder of finite a >= b > 0, bit by bit */
LANE_FN double remainder_far(double a, double b) {
  uint64_t left, right;
  memcpy(&left, &a, sizeof left);
  memcpy(&right, &b, sizeof right);
  int left_exponent = (int)(left >> 52), right_exponent = (int)(right >> 52);
  const uint64_t leading = (uint64_t)1 << 52;
  left = left_exponent ? (left & (leading - 1)) | leading : left << 1;
  right = right_exponent ? (right & (leading - 1)) | leading : right << 1;
  for (; left < leading; left_exponent--) left <<= 1;
  for (; right < leading; right_exponent--) right <<= 1;
  for (; left_exponent > right_exponent; left_exponent--) {
    left = (left >= right ? left - right : left) << 1;
  }
  if (left >= right) left -= right;
  double result = (double)left;
  int power = right_exponent - 1075;
  for (; power <= -64; power += 64) result *= 0x1p-64;
  for (; power < 0; power++) result *= 0.5;
  for (; power > 0; power--) result *= 2;
  return result;
}
#endif
LANE_FN V NAME(floormod)(V a, V b) {
  V size = NAME(magnitude)(a);
  V step = NAME(magnitude)(b);
  V quotient = NAME(floor)(size / step);
  VI far = MASK(quotient > K(0x1p26)) & MASK(size - size == 0) & MASK(step > 0);
  /* both products are exact, and so are the differences: rounding may have made the quotient 1 too
   * large */
  V head = NAME(head)(step);
  V rest = (size - quotient * head) - quotient * (step - head);
  rest = NAME(where)(MASK(rest < 0), rest + step, rest);
  if (NAME(any)(far)) {
    for (int i = 0; i < LANES; i++) {
      if (LANE(far, i)) LANE(rest, i) = remainder_far(LANE(size, i), LANE(step, i));
    }
  }
  rest = NAME(where)(MASK(size < step), size, rest);
  rest = NAME(where)(MASK(size - size != 0) | MASK(step == 0) | MASK(b != b),
                     ALL(__builtin_nan("")), rest);
  rest = NAME(with_sign)(rest, a);
  VI other = MASK(rest != 0) & (MASK(rest < 0) ^ MASK(b < 0));
  return NAME(where)(other, rest + b, rest);
}
#endif
