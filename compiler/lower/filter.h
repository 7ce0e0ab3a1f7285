/* F(m, r): m neighbouring results of a filter with r taps, y[i] = Σ_t k[t] · x[i + t], from
   m + r − 1 products in place of m · r:

       y = results · ((filters · k) ⊙ (inputs · x))

   Private to lower/. Sources: S. Winograd, Arithmetic Complexity of Computations, 1980; A. Lavin
   and S. Gray, Fast Algorithms for Convolutional Neural Networks, 2016 (arXiv:1509.09308). */
#pragma once

enum { MOST_POINTS = 6, MOST_TAPS = 5 };

/* How its rows, or its columns, belong together: those of a pair, p and p + 1 for odd p < count −
   1, are e + o and e − o, with e of the other axis's even places and o of the odd ones. So both are
   found from e and o. */
typedef enum Pairing { PAIRS_OF_ROWS, PAIRS_OF_COLUMNS } Pairing;

typedef struct Matrix {
  int rows, columns;
  Pairing pairs;
  double at[MOST_POINTS][MOST_POINTS];
} Matrix;

typedef struct Filter {
  int outputs, taps, points;
  Matrix filters, inputs, results;
} Filter;

/* m and r are such that there are 4 or 6 points, or both 1: then all matrices are 1. */
Filter filter_of(int outputs, int taps);
/* The numbers of results at once that there are for so many taps, ascending, at most two. */
int outputs_for(int taps, int outputs[2]);
