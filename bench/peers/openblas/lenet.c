/* W4 and I4: LeNet-5, image by image; a convolution is the product of its kernel with the image's
   windows, one a column. */
#include "openblas.h"
#include <stdlib.h>
#include <string.h>

enum { WINDOW = 5, TAPS = WINDOW * WINDOW, LAYERS = 3, FEATURES = 400, IMAGE = 28 * 28 };

/* The side is that of the result; pooling halves it. */
typedef struct Convolution {
  int inputs, outputs, side, pad;
} Convolution;

static const Convolution first = {1, 6, 28, 2}, second = {6, 16, 10, 0};
static const int width[LAYERS + 1] = {FEATURES, 120, 84, 10};

typedef struct LeNet {
  int batch;
  int64_t n_parameters;
  float *parameters, *gradients;
  float *k1, *b1, *k2, *b2, *w[LAYERS], *b[LAYERS]; /* in parameters, in this order */
  float *d_k1, *d_b1, *d_k2, *d_b2, *d_w[LAYERS], *d_b[LAYERS];
  float *windows, *d_windows;                  /* of one image */
  float *convolved;                            /* of one image, and its adjoint */
  float *pooled1, *pooled2;                    /* [batch, 6·14·14], [batch, 400] */
  unsigned char *place1, *place2;              /* where in its window of four the greatest was */
  float *result[LAYERS], *adjoint[LAYERS + 1]; /* adjoint[0]: of pooled2 */
  float *d_pooled1;                            /* of one image */
  Optimizer optimizer;
} LeNet;

static float *place(float *p, float **k1, float **b1, float **k2, float **b2, float **w,
                    float **b) {
  *k1 = p, p += first.outputs * first.inputs * TAPS;
  *b1 = p, p += first.outputs;
  *k2 = p, p += second.outputs * second.inputs * TAPS;
  *b2 = p, p += second.outputs;
  for (int k = 0; k < LAYERS; k++) {
    w[k] = p, p += width[k] * width[k + 1];
    b[k] = p, p += width[k + 1];
  }
  return p;
}

static int pooled_size(const Convolution *c) { return c->outputs * c->side * c->side / 4; }

LeNet *lenet_make(int batch, float *parameters, float rate) {
  LeNet *m = calloc(1, sizeof *m);
  if (m == NULL) abort();
  m->batch = batch;
  m->parameters = parameters;
  float *end = place(parameters, &m->k1, &m->b1, &m->k2, &m->b2, m->w, m->b);
  m->n_parameters = end - parameters;
  m->gradients = floats(m->n_parameters);
  place(m->gradients, &m->d_k1, &m->d_b1, &m->d_k2, &m->d_b2, m->d_w, m->d_b);
  m->windows = floats(TAPS * IMAGE);
  m->d_windows = floats(TAPS * IMAGE);
  m->convolved = floats(6 * IMAGE);
  m->pooled1 = floats(batch * pooled_size(&first));
  m->pooled2 = floats(batch * pooled_size(&second));
  m->d_pooled1 = floats(pooled_size(&first));
  m->place1 = calloc((size_t)(batch * pooled_size(&first)), 1);
  m->place2 = calloc((size_t)(batch * pooled_size(&second)), 1);
  if (m->place1 == NULL || m->place2 == NULL) abort();
  m->adjoint[0] = floats(batch * FEATURES);
  for (int k = 0; k < LAYERS; k++) {
    m->result[k] = floats(batch * width[k + 1]);
    m->adjoint[k + 1] = k == LAYERS - 1 ? m->result[k] : floats(batch * width[k + 1]);
  }
  m->optimizer = optimizer_make(1, rate, m->n_parameters);
  return m;
}

/* The part of a row of the result whose pixels at tap t are inside the image. */
static void inside(const Convolution *c, int t, int *from, int *to) {
  int image = c->side + WINDOW - 1 - 2 * c->pad;
  *from = c->pad > t ? c->pad - t : 0;
  *to = image + c->pad - t < c->side ? image + c->pad - t : c->side;
}

/* windows[inputs, taps, side, side] of an image; with `back` the other way, added. */
static void unfold(const Convolution *c, float *restrict image, float *restrict windows, int back) {
  int side = c->side, across = side + WINDOW - 1 - 2 * c->pad;
  for (int channel = 0; channel < c->inputs; channel++, image += across * across)
    for (int tap = 0; tap < TAPS; tap++, windows += side * side) {
      int top, bottom, left, right;
      inside(c, tap / WINDOW, &top, &bottom);
      inside(c, tap % WINDOW, &left, &right);
      if (!back && c->pad > 0) memset(windows, 0, (size_t)(side * side) * sizeof *windows);
      for (int row = top; row < bottom; row++) {
        float *from = image + (row + tap / WINDOW - c->pad) * across + tap % WINDOW - c->pad;
        float *to = windows + row * side;
        if (back)
          for (int column = left; column < right; column++) from[column] += to[column];
        else
          memcpy(to + left, from + left, (size_t)(right - left) * sizeof *to);
      }
    }
}

/* pooled = max of relu(convolution) over windows of four. */
static void convolve(LeNet *m, const Convolution *c, float *image, const float *kernel,
                     const float *bias, float *pooled, unsigned char *place) {
  int side = c->side, area = side * side, depth = c->inputs * TAPS;
  unfold(c, image, m->windows, 0);
  for (int o = 0; o < c->outputs; o++)
    for (int i = 0; i < area; i++) m->convolved[o * area + i] = bias[o];
  cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, c->outputs, area, depth, 1, kernel, depth,
              m->windows, area, 1, m->convolved, area);
  for (int row = 0; row < c->outputs * side / 2; row++) {
    const float *above = m->convolved + 2 * row * side, *below = above + side;
    for (int i = 0; i < side / 2; i++, pooled++, place++) {
      float values[4] = {above[2 * i], above[2 * i + 1], below[2 * i], below[2 * i + 1]};
      float greatest = 0;
      unsigned char at = 4; /* none: the ReLU is 0 */
      for (unsigned char k = 0; k < 4; k++)
        at = values[k] > greatest ? k : at, greatest = values[k] > greatest ? values[k] : greatest;
      *pooled = greatest;
      *place = at;
    }
  }
}

/* Adds to d_kernel and d_bias; d_image too unless it is NULL. */
static void convolve_back(LeNet *m, const Convolution *c, float *image, const float *kernel,
                          const float *d_pooled, const unsigned char *place, float *d_kernel,
                          float *d_bias, float *d_image) {
  int side = c->side, area = side * side, depth = c->inputs * TAPS;
  memset(m->convolved, 0, (size_t)(c->outputs * area) * sizeof(float));
  for (int row = 0; row < c->outputs * side / 2; row++)
    for (int i = 0; i < side / 2; i++, d_pooled++, place++) {
      if (*place == 4) continue;
      m->convolved[(2 * row + *place / 2) * side + 2 * i + *place % 2] = *d_pooled;
      d_bias[row / (side / 2)] += *d_pooled;
    }
  unfold(c, image, m->windows, 0);
  cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, c->outputs, depth, area, 1, m->convolved,
              area, m->windows, area, 1, d_kernel, depth);
  if (d_image == NULL) return;
  cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, depth, area, c->outputs, 1, kernel, depth,
              m->convolved, area, 0, m->d_windows, area);
  unfold(c, d_image, m->d_windows, 1);
}

static void forward(LeNet *m, float *x) {
  int middle = pooled_size(&first), features = pooled_size(&second);
  for (int r = 0; r < m->batch; r++) {
    float *pooled = m->pooled1 + r * middle;
    convolve(m, &first, x + r * IMAGE, m->k1, m->b1, pooled, m->place1 + r * middle);
    convolve(m, &second, pooled, m->k2, m->b2, m->pooled2 + r * features, m->place2 + r * features);
  }
  for (int k = 0; k < LAYERS; k++) {
    const float *in = k == 0 ? m->pooled2 : m->result[k - 1];
    dense(m->batch, width[k + 1], width[k], in, m->w[k], m->b[k], m->result[k]);
    if (k < LAYERS - 1) relu(m->batch * width[k + 1], m->result[k]);
  }
}

static void backward(LeNet *m, float *x) {
  int middle = pooled_size(&first), features = pooled_size(&second);
  for (int k = LAYERS - 1; k >= 0; k--) {
    const float *in = k == 0 ? m->pooled2 : m->result[k - 1];
    dense_weights(m->batch, width[k + 1], width[k], 1, 0, m->adjoint[k + 1], in, m->d_w[k],
                  m->d_b[k]);
    dense_back(m->batch, width[k + 1], width[k], m->adjoint[k + 1], m->w[k], m->adjoint[k]);
    if (k > 0) relu_back(m->batch * width[k], in, m->adjoint[k]);
  }
  memset(m->gradients, 0, (size_t)(m->d_w[0] - m->gradients) * sizeof(float));
  for (int r = 0; r < m->batch; r++) {
    memset(m->d_pooled1, 0, (size_t)middle * sizeof(float));
    convolve_back(m, &second, m->pooled1 + r * middle, m->k2, m->adjoint[0] + r * features,
                  m->place2 + r * features, m->d_k2, m->d_b2, m->d_pooled1);
    convolve_back(m, &first, x + r * IMAGE, m->k1, m->d_pooled1, m->place1 + r * middle, m->d_k1,
                  m->d_b1, NULL);
  }
}

/* n steps, and their losses. */
void lenet_train(LeNet *m, int n, float *x, const int32_t *y, float *losses) {
  for (int k = 0; k < n; k++, x += m->batch * IMAGE, y += m->batch) {
    forward(m, x);
    losses[k] = cross_entropy(m->batch, width[LAYERS], m->result[LAYERS - 1], y);
    backward(m, x);
    optimizer_update(&m->optimizer, m->n_parameters, m->parameters, m->gradients);
  }
}

/* n predictions [batch, classes]. */
void lenet_predict(LeNet *m, int n, float *x, float *results) {
  int size = m->batch * width[LAYERS];
  for (int k = 0; k < n; k++, x += m->batch * IMAGE, results += size) {
    forward(m, x);
    softmax(m->batch, width[LAYERS], m->result[LAYERS - 1]);
    memcpy(results, m->result[LAYERS - 1], (size_t)size * sizeof *results);
  }
}
