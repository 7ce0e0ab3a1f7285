/* W5: an embedding, an LSTM, and a dense layer at each step.

   The embedding goes into the recurrence through one product only, so that U = E · Wxᵀ + b is a
   table with a row for each symbol, and its adjoint too. The steps are the outer index of all
   states: [T, B, …]. Gates come in the order input, forget, cell, output. */
#include "openblas.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct Lstm {
  int batch, steps, symbols, embedded, hidden;
  int64_t n_parameters;
  float *parameters, *gradients;
  float *e, *wx, *wh, *b, *w, *c;             /* in parameters, in this order; w, c: of dense */
  float *d_e, *d_wx, *d_wh, *d_b, *d_w, *d_c; /* likewise */
  float *table, *d_table;                     /* [symbols, 4 hidden] */
  float *gates;        /* [T, B, 4 hidden]; backward their arguments' adjoints */
  float *h, *cell;     /* [1 + T, B, hidden], zeros first */
  float *d_h, *d_cell; /* [T, B, hidden]; [B, hidden] */
  float *z;            /* [T, B, symbols] */
  int32_t *y;          /* [T, B] */
  Optimizer optimizer;
} Lstm;

static void place(Lstm *m, float *p, float **e, float **wx, float **wh, float **b, float **w,
                  float **c) {
  *e = p;
  *wx = *e + m->symbols * m->embedded;
  *wh = *wx + 4 * m->hidden * m->embedded;
  *b = *wh + 4 * m->hidden * m->hidden;
  *w = *b + 4 * m->hidden;
  *c = *w + m->symbols * m->hidden;
  m->n_parameters = *c + m->symbols - p;
}

Lstm *lstm_make(const int *sizes, float *parameters, float rate) {
  Lstm *m = calloc(1, sizeof *m);
  if (m == NULL) abort();
  m->batch = sizes[0], m->steps = sizes[1], m->symbols = sizes[2];
  m->embedded = sizes[3], m->hidden = sizes[4];
  int64_t rows = (int64_t)m->batch * m->steps, states = (rows + m->batch) * m->hidden;
  m->parameters = parameters;
  place(m, parameters, &m->e, &m->wx, &m->wh, &m->b, &m->w, &m->c);
  m->gradients = floats(m->n_parameters);
  place(m, m->gradients, &m->d_e, &m->d_wx, &m->d_wh, &m->d_b, &m->d_w, &m->d_c);
  m->table = floats(m->symbols * 4 * m->hidden);
  m->d_table = floats(m->symbols * 4 * m->hidden);
  m->gates = floats(rows * 4 * m->hidden);
  m->h = floats(states);
  m->cell = floats(states);
  m->d_h = floats(rows * m->hidden);
  m->d_cell = floats(m->batch * m->hidden);
  m->z = floats(rows * m->symbols);
  m->y = malloc((size_t)rows * sizeof *m->y);
  if (m->y == NULL) abort();
  m->optimizer = optimizer_make(1, rate, m->n_parameters);
  return m;
}

static float sigmoid(float x) { return 1 / (1 + expf(-x)); }
/* Through exp, for which there is a vector function. */
static float hyperbolic(float x) { return 1 - 2 / (1 + expf(2 * x)); }

static void cell_forward(int n, float *restrict gates, const float *restrict before,
                         float *restrict cell, float *restrict h) {
  float *i = gates, *f = i + n, *g = f + n, *o = g + n;
  for (int k = 0; k < n; k++) {
    i[k] = sigmoid(i[k]);
    f[k] = sigmoid(f[k]);
    g[k] = hyperbolic(g[k]);
    o[k] = sigmoid(o[k]);
    cell[k] = f[k] * before[k] + i[k] * g[k];
    h[k] = o[k] * hyperbolic(cell[k]);
  }
}

/* The gates become the adjoints of their arguments; d_cell that of the cell before. */
static void cell_back(int n, float *restrict gates, const float *restrict before,
                      const float *restrict cell, const float *restrict d_h,
                      float *restrict d_cell) {
  float *i = gates, *f = i + n, *g = f + n, *o = g + n;
  for (int k = 0; k < n; k++) {
    float t = hyperbolic(cell[k]), d = d_cell[k] + d_h[k] * o[k] * (1 - t * t);
    float d_i = d * g[k] * i[k] * (1 - i[k]), d_f = d * before[k] * f[k] * (1 - f[k]);
    float d_g = d * i[k] * (1 - g[k] * g[k]), d_o = d_h[k] * t * o[k] * (1 - o[k]);
    d_cell[k] = d * f[k];
    i[k] = d_i, f[k] = d_f, g[k] = d_g, o[k] = d_o;
  }
}

static void forward(Lstm *m, const int32_t *x) {
  int n = m->hidden, four = 4 * n, rows = m->batch;
  dense(m->symbols, four, m->embedded, m->e, m->wx, m->b, m->table);
  for (int t = 0; t < m->steps; t++) {
    float *gates = m->gates + (int64_t)t * rows * four;
    float *h = m->h + (int64_t)t * rows * n, *cell = m->cell + (int64_t)t * rows * n;
    for (int r = 0; r < rows; r++)
      memcpy(gates + r * four, m->table + x[r * m->steps + t] * four, (size_t)four * sizeof *gates);
    if (t > 0)
      cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, rows, four, n, 1, h, n, m->wh, n, 1,
                  gates, four);
    for (int r = 0; r < rows; r++)
      cell_forward(n, gates + r * four, cell + r * n, cell + (rows + r) * n, h + (rows + r) * n);
  }
  dense(m->steps * rows, m->symbols, n, m->h + rows * n, m->w, m->c, m->z);
}

static void backward(Lstm *m, const int32_t *x) {
  int n = m->hidden, four = 4 * n, rows = m->batch, all = m->steps * rows;
  dense_weights(all, m->symbols, n, 1, 0, m->z, m->h + rows * n, m->d_w, m->d_c);
  dense_back(all, m->symbols, n, m->z, m->w, m->d_h);
  memset(m->d_cell, 0, (size_t)(rows * n) * sizeof(float));
  memset(m->d_table, 0, (size_t)(m->symbols * four) * sizeof(float));
  for (int t = m->steps - 1; t >= 0; t--) {
    float *gates = m->gates + (int64_t)t * rows * four;
    float *cell = m->cell + (int64_t)t * rows * n, *d_h = m->d_h + (int64_t)t * rows * n;
    for (int r = 0; r < rows; r++)
      cell_back(n, gates + r * four, cell + r * n, cell + (rows + r) * n, d_h + r * n,
                m->d_cell + r * n);
    if (t > 0)
      cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, rows, n, four, 1, gates, four, m->wh,
                  n, 1, d_h - rows * n, n);
    for (int r = 0; r < rows; r++)
      cblas_saxpy(four, 1, gates + r * four, 1, m->d_table + x[r * m->steps + t] * four, 1);
  }
  cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, four, n, all - rows, 1,
              m->gates + rows * four, four, m->h + rows * n, n, 0, m->d_wh, n);
  dense_weights(m->symbols, four, m->embedded, 1, 0, m->d_table, m->e, m->d_wx, m->d_b);
  dense_back(m->symbols, four, m->embedded, m->d_table, m->wx, m->d_e);
}

/* n steps with x, y: [B, T], and their losses. */
void lstm_train(Lstm *m, int n, const int32_t *x, const int32_t *y, float *losses) {
  int rows = m->batch, steps = m->steps;
  for (int k = 0; k < n; k++, x += rows * steps, y += rows * steps) {
    forward(m, x);
    for (int t = 0; t < steps; t++)
      for (int r = 0; r < rows; r++) m->y[t * rows + r] = y[r * steps + t];
    losses[k] = cross_entropy(rows * steps, m->symbols, m->z, m->y);
    backward(m, x);
    optimizer_update(&m->optimizer, m->n_parameters, m->parameters, m->gradients);
  }
}
