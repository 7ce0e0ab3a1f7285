/* needs: lanes, exp */
/* x + x p(x^2) near 0. Beyond, in f32, 1 - 1 / q(|x|)^4, where q is erfc to the power -1/4: what is
   subtracted is small there, so it needs few digits, and fewer the further out; in f64
   1 - exp(q(|x|)), where q is the logarithm of erfc. From the upper end on the result is 1. */
LANE_INLINE V NAME(erf)(V x) {
  V size = NAME(magnitude)(x);
  V z = x * x;
#if BITS == 32
  V top = NAME(where)(MASK(size < K(4)), size, ALL(4));
  V t = top - K(1.0625);
  V p = z * K(7.46355145e-05) + K(-0.000789591752);
  p = p * z + K(0.00517586991);
  p = p * z + K(-0.0268476084);
  p = p * z + K(0.112834468);
  p = p * z + K(-0.37612614);
  p = p * z + K(0.128379166);
  V q = t * K(0.00332303671) + K(-0.011235863);
  q = q * t + K(0.0299052633);
  q = q * t + K(-0.00945568644);
  q = q * t + K(0.0683544949);
  q = q * t + K(0.137187302);
  q = q * t + K(0.348149955);
  q = q * t + K(0.742010653);
  q = q * t + K(1.13642788);
  q = q * t + K(1.65609276);
  V root = q * q;
  V large = K(1) - K(1) / (root * root);
  VI is_large = MASK(size >= K(1.0625));
#else
  V top = NAME(where)(MASK(size < K(6)), size, ALL(6));
  V t = top - K(2);
  V p = z * K(2.8067128195611264e-13) + K(-6.1967364287876997e-12);
  p = p * z + K(9.3237235181530271e-11);
  p = p * z + K(-1.2277734486795524e-09);
  p = p * z + K(1.4806027146128752e-08);
  p = p * z + K(-1.6365768648832071e-07);
  p = p * z + K(1.6462110782018636e-06);
  p = p * z + K(-1.4925650236967501e-05);
  p = p * z + K(0.00012055332978879483);
  p = p * z + K(-0.0008548327023403001);
  p = p * z + K(0.0052239776254416736);
  p = p * z + K(-0.026866170645131218);
  p = p * z + K(0.11283791670955126);
  p = p * z + K(-0.37612638903183754);
  p = p * z + K(0.12837916709551259);
  V q = t * K(6.3255205887184931e-19) + K(-2.7867151722055671e-17);
  q = q * t + K(5.7655606535702944e-16);
  q = q * t + K(-7.4632186574108087e-15);
  q = q * t + K(6.7940509833989153e-14);
  q = q * t + K(-4.6290115425847426e-13);
  q = q * t + K(2.4394588572218473e-12);
  q = q * t + K(-9.9631164572395425e-12);
  q = q * t + K(2.9362387491576588e-11);
  q = q * t + K(-3.6529176308972552e-11);
  q = q * t + K(-2.5517122754468858e-10);
  q = q * t + K(2.5198850527531538e-09);
  q = q * t + K(-1.3978413321685867e-08);
  q = q * t + K(5.7821163221066501e-08);
  q = q * t + K(-1.7317839287693436e-07);
  q = q * t + K(2.0362811849285343e-07);
  q = q * t + K(1.9521782338679134e-06);
  q = q * t + K(-2.0706428975980414e-05);
  q = q * t + K(0.0001353093396189113);
  q = q * t + K(-0.0007323993858175229);
  q = q * t + K(0.0035707563454893836);
  q = q * t + K(-0.016465118136928417);
  q = q * t + K(-0.92375084182377787);
  q = q * t + K(-4.4181608059944146);
  q = q * t + K(-5.3649412646166379);
  V large = K(1) - NAME(exp_normal)(q);
  VI is_large = MASK(size >= 1);
#endif
  V small = size + size * p;
  return NAME(with_sign)(NAME(where)(is_large, large, small), x);
}
