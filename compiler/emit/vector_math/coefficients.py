#!/usr/bin/env python3
"""The polynomials of this folder: python3 coefficients.py [name]

Each is the interpolant at Chebyshev nodes, found in 60 digits with mpmath and rounded to the lane
type: within a small factor of the minimax polynomial of that degree. `scale(x)` turns the absolute
error of the polynomial into the relative error of the function that it is part of; the worst of it
on a grid is printed, coefficients rounded, and the C text as Horner's rule. Where the scale changes
by orders of magnitude, the polynomial is the minimax one for it, by Remez's exchange.
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


def exchange(f, low, high, degree, scale):
    """Coefficients of the polynomial whose greatest scaled error is least (Remez 1934)."""
    n = degree + 2
    grid = [(low + high) / 2 - (high - low) / 2 * cos(pi * i / 600) for i in range(601)]
    points = [grid[600 * i // (n - 1)] for i in range(n)]
    for _ in range(12):
        rows = matrix(n, n)
        right = matrix(n, 1)
        for i, x in enumerate(points):
            for j in range(n - 1):
                rows[i, j] = x**j
            rows[i, n - 1] = (-1)**i / scale(x)
            right[i] = f(x)
        c = list(lu_solve(rows, right))[:-1]
        # of each stretch of one sign the worst point, and of these n that lie together
        stretches = []
        for x in grid:
            e = (polynomial(c, x) - f(x)) * scale(x)
            if not stretches or (e > 0) != (stretches[-1][0] > 0):
                stretches.append((e, x))
            elif abs(e) > abs(stretches[-1][0]):
                stretches[-1] = (e, x)
        starts = range(max(1, len(stretches) - n + 1))
        start = max(starts, key=lambda k: min(abs(e) for e, _ in stretches[k:k + n]))
        points = [x for _, x in stretches[start:start + n]]
        if len(points) < n:
            raise ValueError("the error of degree %d changes its sign %d times" % (degree, len(points) - 1))
    return c


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
ERF_TURN = mpf(17) / 16
erfc_root = lambda t: erfc(t + ERF_TURN)**mpf("-.25")

# name: (bits, function, low, high, degree, scale[, how it is found])
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
    "erf32": (32, lambda z: erf(root(z)) / root(z) - 1, mpf(0), ERF_TURN**2, 6, lambda z: mpf(1)),
    "erf64": (64, lambda z: erf(root(z)) / root(z) - 1, mpf(0), mpf(1), 14, lambda z: mpf(1)),
    "erfc32": (32, erfc_root, mpf(0), 4 - ERF_TURN, 9, lambda t: 4 / erfc_root(t)**5, exchange),
    "erfc64": (64, lambda t: log(erfc(t + 2)), mpf(-1), mpf(4), 24, lambda t: erfc(t + 2)),
}


def show(name):
    bits, f, low, high, degree, scale, *exchanged = TABLE[name]
    span = (high - low) * mpf(10)**-12
    found = exchange(f, low, high, degree, scale) if exchanged else interpolate(f, low, high, degree)
    coefficients = [rounded(c, bits) for c in found]
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
