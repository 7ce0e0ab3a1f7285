/* needs: lanes */
/* IEEE 754's binary16: 5 bits of exponent, 10 of mantissa. To the nearest, ties to the even one;
   from 65520 on infinity; NaN keeps its sign and becomes quiet. */
/* adding 3/2 2^23 (2^52) units of the last digit that is kept leaves no others */
LANE_FN V NAME(f16)(V x) {
  V size = NAME(magnitude)(x);
  VI exponent = (NAME(bits)(size) >> MANTISSA_BITS) - EXPONENT_BIAS;
  VI low = MASK(exponent < KI(-14)), high = MASK(exponent > KI(16));
  exponent = (low & KI(-14)) | (high & KI(16)) | (~low & ~high & exponent);
  V shift = K(1.5) * NAME(power_of_two)(exponent + KI(MANTISSA_BITS - 10));
  V rounded = (size + shift) - shift;
  rounded = NAME(where)(MASK(size >= K(65520)), size + ALL(__builtin_inf()), rounded);
  return NAME(with_sign)(rounded, x);
}
#if BITS == 32
/* the sixteen bits in memory (Giesen 2012, float->half variants): a normal number's exponent is
   counted from 15 instead of 127; below 2^-14 adding 1/2 shifts the digits to their places */
LANE_FN VI NAME(to_f16)(V x) {
  VI sign = (NAME(bits)(x) >> 16) & KI(0x8000), size = NAME(bits)(NAME(magnitude)(x));
  VI huge = MASK(size >= KI(0x47800000)), tiny = MASK(size < KI(0x38800000));
  VI nan = MASK(size > KI(0x7f800000));
  VI special = KI(0x7c00) | (nan & (KI(0x200) | ((size >> 13) & KI(0x3ff))));
  VI small = NAME(bits)(NAME(from_bits)(size) + K(0.5)) - KI(0x3f000000);
  VI normal = ((size & ~huge) + (((size >> 13) & 1) - KI(0x37fff001))) >> 13;
  return (huge & special) | (tiny & small) | (~huge & ~tiny & normal) | sign;
}
LANE_FN V NAME(from_f16)(VI stored) {
  VI digits = NAME(shl)(stored & KI(0x7fff), 13), exponent = digits & KI(0xf800000);
  VI special = MASK(exponent == KI(0xf800000)), tiny = MASK(exponent == 0);
  VI nan = special & MASK((digits & KI(0x7fffff)) != 0);
  VI number = digits + KI(0x38000000) + (special & KI(0x38000000)) + (tiny & KI(0x800000));
  number = (number & ~tiny) |
           (tiny & NAME(bits)(NAME(from_bits)(number) - NAME(from_bits)((VI){0} + KI(0x38800000))));
  return NAME(from_bits)(number | (nan & KI(0x400000)) | NAME(shl)(stored & KI(0x8000), 16));
}
#endif
