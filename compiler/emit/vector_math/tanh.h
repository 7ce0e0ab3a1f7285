/* needs: lanes, exp */
/* x + x^3 p(x^2) below 0.625, 1 - 2 / (exp(2|x|) + 1) with the sign of x beyond (as in
   Cephes): 1 from the upper end on */
LANE_INLINE V NAME(tanh)(V x) {
  V size = NAME(magnitude)(x);
  V z = x * x;
#if BITS == 32
  V top = NAME(where)(MASK(size < K(9.5)), size, ALL(9.5));
  V p = z * K(-0.00609464152) + K(0.0209957547);
  p = p * z + K(-0.0538506098);
  p = p * z + K(0.133327678);
  p = p * z + K(-0.333333284);
#else
  V top = NAME(where)(MASK(size < K(20)), size, ALL(20));
  V p = z * K(6.4798729189511094e-06) + K(-3.1190227437815513e-05);
  p = p * z + K(9.2561530365167444e-05);
  p = p * z + K(-0.00023758584039791723);
  p = p * z + K(0.00058965917043080334);
  p = p * z + K(-0.0014557751173983799);
  p = p * z + K(0.0035921217137875549);
  p = p * z + K(-0.0088632351002970646);
  p = p * z + K(0.021869488518873555);
  p = p * z + K(-0.053968253967893842);
  p = p * z + K(0.13333333333333039);
  p = p * z + K(-0.33333333333333331);
#endif
  V small = size + size * (z * p);
  V large = K(1) - K(2) / (NAME(exp_normal)(top + top) + K(1));
  return NAME(with_sign)(NAME(where)(MASK(size >= K(0.625)), large, small), x);
}
