/* needs: lanes, exp, log, floor */
/* wide */
#if BITS == 32
LANE_FN V NAME(pow)(V x, V y) {
  return NAME(narrow)(WIDE(pow_plain)(NAME(widen)(x), NAME(widen)(y)));
}
#else
/* y = |a|^b, as IEEE 754 and C have it for all a and b: 1 for a = 1 or b = 0 whatever the other is;
   NaN for negative a and fractional b; the sign of a where b is odd */
LANE_INLINE V NAME(pow_special)(V a, V b, V y) {
  V size = NAME(magnitude)(a);
  V infinite = ALL(__builtin_inf());
  V none = (V){0};
  y = NAME(where)(MASK(size == 0), NAME(where)(MASK(b < 0), infinite, none), y);
  y = NAME(where)(MASK(size == infinite), NAME(where)(MASK(b < 0), none, infinite), y);
  y = NAME(where)(MASK(size == 1), ALL(1), y);
  VI whole = MASK(NAME(floor)(b) == b);
  V half = K(0.5) * b;
  VI odd = whole & MASK(NAME(floor)(half) != half);
  VI finite = MASK(size < infinite) & MASK(size > 0);
  y = NAME(flip_sign)(y, NAME(from_bits)(NAME(bits)(a) & odd));
  y = NAME(where)(MASK(a < 0) & finite & ~whole, ALL(__builtin_nan("")), y);
  y = NAME(where)(MASK(a != a) | MASK(b != b), a + b, y);
  return NAME(where)(MASK(a == 1) | MASK(b == 0), ALL(1), y);
}

/* exp(y log|x|): b log|a| keeps its relative error, up to 2^-52, and exp makes an absolute one of
   it. That is enough for results with 24 bits. */
LANE_FN V NAME(pow_plain)(V a, V b) {
  return NAME(pow_special)(a, b, NAME(exp)(b * NAME(log)(NAME(magnitude)(a))));
}

/* log(x) = result + *low to about 2^-65 of itself; the result has 26 bits.
   2 atanh(s) = 2/3 s (3 + z + 3/2 z^2 p(z)), s = f / (2 + f), z = s^2, with heads and tails
   throughout (the form is Sun's fdlibm's) */
LANE_INLINE V NAME(log_long)(V x, V *low) {
  VI exponent;
  V f = NAME(mantissa)(x, &exponent) - K(1);
  V k = NAME(to_real)(exponent);
  V t = K(2) + f;
  V t_head = NAME(head)(t);
  V t_tail = f - (t_head - K(2));
  V s = f / t;
  V s_head = NAME(head)(s);
  V s_tail = ((f - s_head * t_head) - s_head * t_tail) / t;
  V z = s * s;
  V z_head = s_head * s_head;
  V z_tail = s_tail * (s + s_head);
  V p = z * K(0.11724327060846747) + K(0.11706126464563398);
  p = p * z + K(0.13334808798812339);
  p = p * z + K(0.1538459488700718);
  p = p * z + K(0.18181818336099848);
  p = p * z + K(0.22222222221652765);
  p = p * z + K(0.28571428571429369);
  p = p * z + K(0.40000000000000002);
  V rest = z_tail + K(1.5) * (z * z) * p;
  V sum = NAME(head)(K(3) + (z_head + rest));
  V sum_tail = rest - ((sum - K(3)) - z_head);
  V product = s_head * sum;
  V product_tail = s_tail * sum + s * sum_tail;
  V third = NAME(head)(product + product_tail);
  V third_tail = product_tail - (third - product);
  V m = third * K(0x1.555555p-1);
  V m_tail = third * K(0x1.5555555555555p-27) + third_tail * K(0x1.5555555555555p-1);
  V whole = k * K(0x1.62e42fefa2p-1);
  V high = whole + m;
  V tail = ((whole - high) + m) + (m_tail + k * K(0x1.9ef35793c7673p-41));
  V head = NAME(head)(high + tail);
  *low = (high - head) + tail;
  return head;
}

LANE_FN V NAME(pow)(V a, V b) {
  V low;
  V high = NAME(log_long)(NAME(magnitude)(a), &low);
  /* beyond 2^66 every power but that of 1 overflows or vanishes */
  V far = ALL(0x1p66);
  V c = NAME(where)(MASK(b > far), far, NAME(where)(MASK(b < -far), -far, b));
  V c_head = NAME(head)(c);
  V product = c_head * high;
  V tail = (c - c_head) * high + c * low;
  tail = NAME(where)(MASK(NAME(magnitude)(product) > K(760)), (V){0}, tail);
  return NAME(pow_special)(a, b, NAME(exp_sum)(product, tail, (VI){0}));
}
#endif
