/* The workloads in C by hand, with OpenBLAS for every product of matrices. A model is a struct made
   from its parameters, one after the other in a flat array; a step is forward, loss, backward and
   update. Matrices have their rows one after the other; weights are [outputs, inputs]. */
#ifndef BENCH_OPENBLAS_H
#define BENCH_OPENBLAS_H

#include <stdint.h>
#include <cblas.h>

/* The names that the Python package scipy-openblas32 gives them. */
#define cblas_sgemm scipy_cblas_sgemm
#define cblas_sgemv scipy_cblas_sgemv
#define cblas_saxpy scipy_cblas_saxpy

typedef struct Optimizer {
  int is_adam; /* otherwise SGD */
  float rate;
  float *first, *second; /* Adam's moments, as long as the parameters */
  int64_t count;         /* steps done */
} Optimizer;

/* f32, zeros, aligned to a cache line. Never freed: a model lives as long as the process. */
float *floats(int64_t n);

Optimizer optimizer_make(int is_adam, float rate, int64_t n_parameters);

/* p -= rate · g, or Adam's step; one call a step, over all parameters. */
void optimizer_update(Optimizer *o, int64_t n, float *p, const float *g);

/* out[rows, outputs] = in[rows, inputs] · Wᵀ + b */
void dense(int rows, int outputs, int inputs, const float *in, const float *w, const float *b,
           float *out);
/* d_in[rows, inputs] = d_out[rows, outputs] · W */
void dense_back(int rows, int outputs, int inputs, const float *d_out, const float *w, float *d_in);
/* d_w = scale · d_outᵀ · in + keep · d_w, and d_b likewise: with keep = 1 and scale = -rate an
   update by SGD. */
void dense_weights(int rows, int outputs, int inputs, float scale, float keep, const float *d_out,
                   const float *in, float *d_w, float *d_b);

void relu(int64_t n, float *z);
/* d is 0 where the ReLU's result was. */
void relu_back(int64_t n, const float *result, float *d);

/* Softmax of each row, in place. */
void softmax(int rows, int width, float *z);
/* The mean cross-entropy of logits z[rows, width] with classes y; z becomes its gradient. */
float cross_entropy(int rows, int width, float *z, const int32_t *y);
/* The mean squared error of z[rows]; z becomes its gradient. */
float squared_error(int rows, float *z, const float *y);

#endif
