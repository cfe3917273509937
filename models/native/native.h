/* What native.c computes of contiguous float32 tensors, and beside.c has computed beside everything else. */

#include <stdint.h>

enum { MEAN, STD, MEAN_SQUARE, MIN, MAX, NORM, N, ZEROS, NANS, POS_INF, NEG_INF, FIELDS }; /* FIELDS of models/moments.py */

#define DECADES 84

/* One quantity of all rows; models/native/__init__.py makes the room. */
typedef struct {
    int64_t bins, block;        /* of a histogram; values that lie beside each other in a sample */
    double *fields;             /* (rows, FIELDS) */
    int32_t *linear;            /* (rows, bins) between each row's smallest and largest finite value, both included */
    int32_t *fine;              /* (rows, DECADES * bins): counts of log10|x|, known within reach only */
    int32_t *reach, *extremes;  /* (rows, 2): the first and the last of those places, and the bits of the smallest and the largest |x| */
} table;

/* The FIELDS of x (n,). */
void moments(const float *x, int64_t n, double *out);

/* The mean cosine between two different rows of x (rows, n); NaN of one row, and where a length is 0 or not finite. */
double mean_cosine(const float *x, int64_t rows, int64_t n);

/* The share of units of phi (batch, units, pixels) that are zero everywhere, and of values at most limits[0] or at least limits[1]. */
void shares(const float *phi, int64_t batch, int64_t units, int64_t pixels, const double *limits, double *dead, double *saturated);

/* One row of a table, from x (n,): moments of all of it, histograms of every step-th whole block; of all of it with a step of 1. */
void measure(const table *of, int64_t row, const float *x, int64_t n, int64_t step);

/* The same of what a step made of a weight, into out (n,); with keep the weight takes the place of the one before. */
void compare(const table *of, int64_t row, const float *weight, float *before, int64_t n, int64_t step, int64_t keep, float *out);

/* Of so many rows of a table: whole decades around every |x| > 0 as the axis (2,), (-1, 0) where there is none, and the counts (rows, bins)
   of log10|x| on it. Its edges are among the fine ones, as its whole decades are so many times as wide. */
void on_one_axis(const table *of, int64_t rows, double *axis, int32_t *counts);
