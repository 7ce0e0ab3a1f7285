/* Linear and softmax regression, and multilayer perceptrons with ReLU: W1, W2, W3, I3. */
#include "openblas.h"
#include <stdlib.h>
#include <string.h>

enum { MAX_LAYERS = 8 };

typedef struct Mlp {
  int n_layers, batch;
  int width[MAX_LAYERS + 1]; /* of the input, and of each layer's result */
  int64_t n_parameters;
  float *w[MAX_LAYERS], *b[MAX_LAYERS]; /* in parameters */
  float *d_w[MAX_LAYERS], *d_b[MAX_LAYERS];
  float *parameters, *gradients; /* SGD needs no gradients */
  float *result[MAX_LAYERS];     /* [batch, width] */
  float *adjoint[MAX_LAYERS];    /* of result; the last is result itself, which the loss turns */
  Optimizer optimizer;
} Mlp;

Mlp *mlp_make(int n_layers, const int *width, int batch, float *parameters, int is_adam,
              float rate) {
  Mlp *m = calloc(1, sizeof *m);
  if (m == NULL || n_layers > MAX_LAYERS) abort();
  m->n_layers = n_layers;
  m->batch = batch;
  m->parameters = parameters;
  for (int k = 0; k <= n_layers; k++) m->width[k] = width[k];
  for (int k = 0; k < n_layers; k++) m->n_parameters += (width[k] + 1) * width[k + 1];
  m->gradients = floats(is_adam ? m->n_parameters : 0);
  float *p = parameters, *g = m->gradients;
  for (int k = 0; k < n_layers; k++) {
    int64_t n = (int64_t)width[k] * width[k + 1];
    m->w[k] = p, m->b[k] = p + n;
    m->d_w[k] = is_adam ? g : m->w[k], m->d_b[k] = is_adam ? g + n : m->b[k];
    p += n + width[k + 1];
    g += is_adam ? n + width[k + 1] : 0;
    m->result[k] = floats((int64_t)batch * width[k + 1]);
    m->adjoint[k] = k == n_layers - 1 ? m->result[k] : floats((int64_t)batch * width[k + 1]);
  }
  m->optimizer = optimizer_make(is_adam, rate, m->n_parameters);
  return m;
}

static void forward(Mlp *m, const float *x) {
  for (int k = 0; k < m->n_layers; k++) {
    const float *in = k == 0 ? x : m->result[k - 1];
    dense(m->batch, m->width[k + 1], m->width[k], in, m->w[k], m->b[k], m->result[k]);
    if (k < m->n_layers - 1) relu((int64_t)m->batch * m->width[k + 1], m->result[k]);
  }
}

static float loss_of(Mlp *m, const void *y) {
  int last = m->n_layers - 1, outputs = m->width[last + 1];
  return outputs == 1 ? squared_error(m->batch, m->result[last], y)
                      : cross_entropy(m->batch, outputs, m->result[last], y);
}

static void backward(Mlp *m, const float *x) {
  int is_adam = m->optimizer.is_adam;
  for (int k = m->n_layers - 1; k >= 0; k--) {
    int inputs = m->width[k], outputs = m->width[k + 1];
    const float *in = k == 0 ? x : m->result[k - 1];
    if (k > 0) { /* before an update changes W */
      dense_back(m->batch, outputs, inputs, m->adjoint[k], m->w[k], m->adjoint[k - 1]);
      relu_back((int64_t)m->batch * inputs, in, m->adjoint[k - 1]);
    }
    dense_weights(m->batch, outputs, inputs, is_adam ? 1 : -m->optimizer.rate, is_adam ? 0 : 1,
                  m->adjoint[k], in, m->d_w[k], m->d_b[k]);
  }
  if (is_adam) optimizer_update(&m->optimizer, m->n_parameters, m->parameters, m->gradients);
}

/* n steps, and their losses. y: classes as int32, or f32 where the last layer has one output. */
void mlp_train(Mlp *m, int n, const float *x, const void *y, float *losses) {
  for (int k = 0; k < n; k++) {
    forward(m, x);
    losses[k] = loss_of(m, y);
    backward(m, x);
    x += m->batch * m->width[0];
    y = (const char *)y + m->batch * 4;
  }
}

/* n predictions [batch, classes]. */
void mlp_predict(Mlp *m, int n, const float *x, float *results) {
  int size = m->batch * m->width[m->n_layers];
  for (int k = 0; k < n; k++, x += m->batch * m->width[0], results += size) {
    forward(m, x);
    softmax(m->batch, m->width[m->n_layers], m->result[m->n_layers - 1]);
    memcpy(results, m->result[m->n_layers - 1], (size_t)size * sizeof *results);
  }
}
