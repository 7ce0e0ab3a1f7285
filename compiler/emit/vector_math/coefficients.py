#!/usr/bin/env python3
"""The polynomials of this folder: python3 coefficients.py [name]

Each is the interpolant at Chebyshev nodes, found in 60 digits with mpmath and rounded to the lane
type: within a small factor of the minimax polynomial of that degree. `scale(x)` turns the absolute
error of the polynomial into the relative error of the function that it is part of; the worst of it
on a grid is printed, coefficients rounded, and the C text as Horner's rule.
"""
import struct
import sys
from mpmath import mp, mpf, exp, log, log1p, sin, cos, asin, atan, tanh, sinh, atanh, erf, erfc, sqrt, pi, matrix, lu_solve

mp.dps = 60


def rounded(value, bits):
    if bits == 64:
        return float(value)
    return struct.unpack("f", struct.pack("f", float(value)))[0]


def interpolate(f, low, high, degree):
    """Coefficients in powers of x."""
    n = degree + 1
    nodes = [(low + high) / 2 + (high - low) / 2 * cos(pi * (2 * k + 1) / (2 * n)) for k in range(n)]
    rows = matrix(n, n)
    right = matrix(n, 1)
    for i, x in enumerate(nodes):
        for j in range(n):
            rows[i, j] = x**j
        right[i] = f(x)
    return list(lu_solve(rows, right))


def polynomial(coefficients, x):
    value = mpf(0)
    for c in reversed(coefficients):
        value = value * x + c
    return value


def root(z):
    return sqrt(z)


def odd(f):
    """(f(x) - x) / x^3 as a function of z = x^2."""
    return lambda z: (f(root(z)) - root(z)) / root(z)**3


HALF_LN2 = log(2) / 2 * mpf("1.001")
S_MAX = ((sqrt(mpf(2)) - 1) / (sqrt(mpf(2)) + 1))**2 * mpf("1.001")
Z_QUARTER = (pi / 4)**2 * mpf("1.001")
ATANH = lambda z: 2 * atanh(root(z)) / root(z)
ERFC_FROM = {32: mpf(1), 64: mpf(2)}  # in f32 the end where rounding errors count
log_erfc = lambda bits: lambda t: log(erfc(t + ERFC_FROM[bits]))

# name: (bits, function, low, high, degree, scale)
TABLE = {
    "exp32": (32, lambda r: (exp(r) - 1 - r) / r**2, -HALF_LN2, HALF_LN2 * mpf("1.003"), 4, lambda r: r**2),
    "exp64": (64, lambda r: (exp(r) - 1 - r) / r**2, -HALF_LN2, HALF_LN2 * mpf("1.003"), 10, lambda r: r**2),
    "log32": (32, lambda f: (log1p(f) - f + f**2 / 2) / f**3, sqrt(mpf(.5)) - 1, sqrt(mpf(2)) - 1, 8,
              lambda f: f**3 / log1p(f)),
    "log64": (64, lambda z: (ATANH(z) - 2) / z, mpf(0), S_MAX, 6, lambda z: z / 2),
    "log_sum64": (64, lambda z: (ATANH(z) - 2 - 2 * z / 3) / z**2, mpf(0), S_MAX, 7, lambda z: z**2 / 2),
    "sin64": (64, odd(sin), mpf(0), Z_QUARTER, 5, lambda z: z),
    "cos64": (64, lambda z: (cos(root(z)) - 1 + z / 2) / z**2, mpf(0), Z_QUARTER, 5, lambda z: z**2),
    "asin64": (64, odd(asin), mpf(0), mpf(".2501"), 12, lambda z: z),
    "atan64": (64, odd(atan), mpf(0), mpf(".4357"), 14, lambda z: z),
    "tanh32": (32, odd(tanh), mpf(0), mpf(".391"), 4, lambda z: z),
    "tanh64": (64, odd(tanh), mpf(0), mpf(".391"), 11, lambda z: z),
    "sinh64": (64, odd(sinh), mpf(0), mpf(1), 7, lambda z: z),
    "erf32": (32, lambda z: erf(root(z)) / root(z) - 1, mpf(0), mpf(1), 6, lambda z: mpf(1)),
    "erf64": (64, lambda z: erf(root(z)) / root(z) - 1, mpf(0), mpf(1), 14, lambda z: mpf(1)),
    "erfc32": (32, log_erfc(32), mpf(0), mpf(3), 8, lambda t: erfc(t + 1)),
    "erfc64": (64, log_erfc(64), mpf(-1), mpf(4), 24, lambda t: erfc(t + 2)),
}


def show(name):
    bits, f, low, high, degree, scale = TABLE[name]
    span = (high - low) * mpf(10)**-12
    coefficients = [rounded(c, bits) for c in interpolate(f, low, high, degree)]
    worst = mpf(0)
    for i in range(401):
        x = low + span + (high - low - 2 * span) * i / 400
        if abs(x) < mpf(10)**-9:
            continue
        worst = max(worst, abs((polynomial([mpf(c) for c in coefficients], x) - f(x)) * scale(x)))
    return coefficients, worst


def text(coefficients, bits, variable, target="p"):
    """Horner's rule in C."""
    digits = 9 if bits == 32 else 17
    c = ["%.*g" % (digits, value) for value in coefficients]
    lines = ["V %s = %s * K(%s) + K(%s);" % (target, variable, c[-1], c[-2])]
    for value in reversed(c[:-2]):
        lines.append("%s = %s * %s + K(%s);" % (target, target, variable, value))
    return lines


if __name__ == "__main__":
    for name in sys.argv[1:] or TABLE:
        coefficients, worst = show(name)
        print("%s: degree %d, error 2^%.1f" % (name, TABLE[name][4], float(log(worst, 2))))
        print("  " + "\n  ".join(text(coefficients, TABLE[name][0], "x")))
