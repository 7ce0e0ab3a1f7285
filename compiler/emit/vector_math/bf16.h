/* needs: lanes */
/* bfloat16: the upper half of the bits of a float. To the nearest, ties to the even one; NaN keeps
   its sign and becomes quiet. */
#if BITS == 32
/* the float that the upper half of the bits are, the lower half being 0 */
LANE_FN V NAME(bf16)(V x) {
  VI sign = NAME(bits)(x) & SIGN_BIT, size = NAME(bits)(NAME(magnitude)(x));
  VI nan = MASK(size > KI(0x7f800000));
  VI up = ((size >> 16) & 1) + 0x7fff;
  size = (size + (up & ~nan)) | (nan & KI(0x400000));
  return NAME(from_bits)((size & KI(0x7fff0000)) | sign);
}
/* the sixteen bits in memory, below others that are not 0 */
LANE_INLINE VI NAME(to_bf16)(V x) { return NAME(bits)(NAME(bf16)(x)) >> 16; }
LANE_INLINE V NAME(from_bf16)(VI stored) { return NAME(from_bits)(NAME(shl)(stored, 16)); }
#else
/* adding 3/2 2^52 units of the last digit that is kept leaves no others */
LANE_FN V NAME(bf16)(V x) {
  V size = NAME(magnitude)(x);
  VI exponent = (NAME(bits)(size) >> MANTISSA_BITS) - EXPONENT_BIAS;
  VI low = MASK(exponent < KI(-126)), high = MASK(exponent > KI(128));
  exponent = (low & KI(-126)) | (high & KI(128)) | (~low & ~high & exponent);
  V shift = K(1.5) * NAME(power_of_two)(exponent + KI(45));
  V rounded = (size + shift) - shift;
  V most = ALL(0x1.ffp127);
  rounded = NAME(where)(size >= most, size + ALL(__builtin_inf()), rounded);
  return NAME(with_sign)(rounded, x);
}
#endif
