/* needs: lanes, angle_far */
/* What sin, cos and tan share: x = quarter pi/2 + r + low, |r| <= pi/4. */
#if BITS == 64
/* Cody & Waite with pi/2 in three parts of 33 bits and one of 53: products with quarter < 2^20 are
   exact. A lane further out is reduced by itself, with as many digits of 2/pi as it takes. */
LANE_INLINE V NAME(angle)(V x, V *low, VI *quarter) {
  const double shift = 0x1.8p52;
  V shifted = x * K(0x1.45f306dc9c883p-1) + shift;
  V k = shifted - shift;
  *quarter = NAME(bits)(shifted);
  V a = x - k * K(0x1.921fb544p+0);
  V second = k * K(0x1.0b4611a6p-34);
  V b = a - second;
  V third = k * K(0x1.3198a2e0p-69);
  V c = b - third;
  V tail = ((a - b) - second) + (((b - c) - third) - k * K(0x1.b839a252049c1p-104));
  V r = c + tail;
  *low = tail - (r - c);
  VI far = MASK(NAME(magnitude)(x) > K(1.6e6));
  if (NAME(any)(far)) {
    for (int i = 0; i < LANES; i++) {
      double one = LANE(x, i);
      if (!(one > 1.6e6 || one < -1.6e6) || one - one != 0) continue;
      double one_r, one_low;
      LANE(*quarter, i) = angle_far(one, &one_r, &one_low);
      LANE(r, i) = one_r;
      LANE(*low, i) = one_low;
    }
  }
  return r;
}

/* sin(r + low) = sin r + low cos r, without its first term, r */
LANE_INLINE V NAME(sine_rest)(V r, V low) {
  V z = r * r;
  V p = z * K(1.5917988979397435e-10) + K(-2.5051129896450185e-08);
  p = p * z + K(2.7557316093198404e-06);
  p = p * z + K(-0.00019841269836740532);
  p = p * z + K(0.0083333333333309358);
  p = p * z + K(-0.16666666666666666);
  return (r * z) * p + low * (K(1) - K(0.5) * z);
}
LANE_INLINE V NAME(sine)(V r, V low) { return r + NAME(sine_rest)(r, low); }

/* cos(r + low) = cos r - low sin r, without *head = 1 - z/2; what that loses is added back */
LANE_INLINE V NAME(cosine_rest)(V r, V low, V *head) {
  V z = r * r;
  V p = z * K(-1.138254464534925e-11) + K(2.0876145049413178e-09);
  p = p * z + K(-2.7557317265878082e-07);
  p = p * z + K(2.48015872987544e-05);
  p = p * z + K(-0.0013888888888887389);
  p = p * z + K(0.041666666666666664);
  V half = K(0.5) * z;
  *head = K(1) - half;
  return ((K(1) - *head) - half) + ((z * z) * p - r * low);
}
LANE_INLINE V NAME(cosine)(V r, V low) {
  V head;
  V rest = NAME(cosine_rest)(r, low, &head);
  return head + rest;
}
#endif
