/* Optimizers, dense layers and losses. */
#include "openblas.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CACHE_LINE = 64 };

float *floats(int64_t n) {
  size_t bytes = ((size_t)n * sizeof(float) / CACHE_LINE + 1) * CACHE_LINE;
  float *made = aligned_alloc(CACHE_LINE, bytes);
  if (made == NULL) {
    fprintf(stderr, "openblas: out of memory\n");
    exit(3);
  }
  return memset(made, 0, bytes);
}

Optimizer optimizer_make(int is_adam, float rate, int64_t n_parameters) {
  Optimizer made = {.is_adam = is_adam, .rate = rate};
  if (is_adam) {
    made.first = floats(n_parameters);
    made.second = floats(n_parameters);
  }
  return made;
}

/* With m and v the moments: p -= rate · m / (1 - β₁ᵗ) / (√(v / (1 - β₂ᵗ)) + ε), the corrections
   taken into the rate and ε. */
static void adam(Optimizer *o, int64_t n, float *restrict p, const float *restrict g) {
  const float beta1 = 0.9f, beta2 = 0.999f;
  double root = sqrt(1 - pow(0.999, (double)o->count));
  float rate = (float)(o->rate * root / (1 - pow(0.9, (double)o->count)));
  float epsilon = (float)(1e-8 * root);
  float *restrict m = o->first, *restrict v = o->second;
  for (int64_t i = 0; i < n; i++) {
    m[i] = beta1 * m[i] + (1 - beta1) * g[i];
    v[i] = beta2 * v[i] + (1 - beta2) * g[i] * g[i];
    p[i] -= rate * m[i] / (sqrtf(v[i]) + epsilon);
  }
}

void optimizer_update(Optimizer *o, int64_t n, float *p, const float *g) {
  o->count++;
  if (o->is_adam)
    adam(o, n, p, g);
  else
    for (int64_t i = 0; i < n; i++) p[i] -= o->rate * g[i];
}

void dense(int rows, int outputs, int inputs, const float *in, const float *w, const float *b,
           float *out) {
  for (int i = 0; i < rows; i++) memcpy(out + i * outputs, b, (size_t)outputs * sizeof *b);
  if (rows == 1)
    cblas_sgemv(CblasRowMajor, CblasNoTrans, outputs, inputs, 1, w, inputs, in, 1, 1, out, 1);
  else
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, rows, outputs, inputs, 1, in, inputs, w,
                inputs, 1, out, outputs);
}

void dense_back(int rows, int outputs, int inputs, const float *d_out, const float *w,
                float *d_in) {
  cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, rows, inputs, outputs, 1, d_out, outputs,
              w, inputs, 0, d_in, inputs);
}

void dense_weights(int rows, int outputs, int inputs, float scale, float keep, const float *d_out,
                   const float *in, float *d_w, float *d_b) {
  cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, outputs, inputs, rows, scale, d_out, outputs,
              in, inputs, keep, d_w, inputs);
  for (int j = 0; j < outputs; j++) d_b[j] *= keep;
  for (int i = 0; i < rows; i++)
    for (int j = 0; j < outputs; j++) d_b[j] += scale * d_out[i * outputs + j];
}

void relu(int64_t n, float *z) {
  for (int64_t i = 0; i < n; i++) z[i] = z[i] > 0 ? z[i] : 0;
}

void relu_back(int64_t n, const float *result, float *d) {
  for (int64_t i = 0; i < n; i++) d[i] = result[i] > 0 ? d[i] : 0;
}

/* Softmax of a row; returns log Σ exp z. */
static float softmax_row(int width, float *z) {
  float top = z[0], sum = 0;
  for (int j = 1; j < width; j++) top = z[j] > top ? z[j] : top;
  for (int j = 0; j < width; j++) z[j] = expf(z[j] - top);
  for (int j = 0; j < width; j++) sum += z[j];
  for (int j = 0; j < width; j++) z[j] /= sum;
  return top + logf(sum);
}

void softmax(int rows, int width, float *z) {
  for (int i = 0; i < rows; i++) softmax_row(width, z + i * width);
}

float cross_entropy(int rows, int width, float *z, const int32_t *y) {
  double loss = 0;
  for (int i = 0; i < rows; i++, z += width) {
    float picked = z[y[i]];
    loss += (double)(softmax_row(width, z) - picked);
    z[y[i]] -= 1;
    for (int j = 0; j < width; j++) z[j] /= (float)rows;
  }
  return (float)(loss / rows);
}

float squared_error(int rows, float *z, const float *y) {
  double loss = 0;
  for (int i = 0; i < rows; i++) {
    float difference = z[i] - y[i];
    loss += (double)difference * (double)difference;
    z[i] = 2 * difference / (float)rows;
  }
  return (float)(loss / rows);
}
