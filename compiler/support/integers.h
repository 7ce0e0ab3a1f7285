/* Arithmetic of integers that C has otherwise or not at all. */
#pragma once
#include <stdint.h>

/* ⌊a / b⌋, b ≠ 0. */
static inline int64_t floor_div(int64_t a, int64_t b) {
  int64_t q = a / b;
  return a % b != 0 && (a % b < 0) != (b < 0) ? q - 1 : q;
}

/* The greatest common divisor, ≥ 0; that of 0 and a is |a|. */
static inline int64_t gcd(int64_t a, int64_t b) {
  while (b != 0) {
    int64_t rest = a % b;
    a = b;
    b = rest;
  }
  return a < 0 ? -a : a;
}
