/* What native.c computes of contiguous float32 tensors, and together.c of several in the threads of threads.c. */

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

/* Counts of one row, or of a part of one. */
typedef struct {
    int64_t bins;
    int32_t *linear, *fine, *reach, *extremes;
} tally;

/* What moments are made of. The squares are not finite where a value is not; all else is then of no use. */
typedef struct {
    double sum, squares, zeros;
    float low, high;
} sums;

/* The sums of x (n,), and from those of all its parts the FIELDS. */
void part_sums(const float *x, int64_t n, sums *found);
void moments_of(const float *x, int64_t n, const sums *parts, int64_t count, double *out);
void moments(const float *x, int64_t n, double *out);

/* The counts of every step-th whole block of x (n,), of all of it with a step of 1, and those of several parts in one. */
void counted(const float *x, int64_t n, int64_t step, int64_t block, double low, double high, tally to);
void merged(const tally *parts, int64_t count, tally to);

/* What a step made of a weight, in the place of the weight before. */
void difference(const float *weight, float *before, int64_t n);

/* The mean cosine between two different rows of x (rows, n); NaN of one row, and where a length is 0 or not finite. */
double mean_cosine(const float *x, int64_t rows, int64_t n);

/* The share of units of phi (batch, units, pixels) that are zero everywhere, and of values at most limits[0] or at least limits[1]. */
void shares(const float *phi, int64_t batch, int64_t units, int64_t pixels, const double *limits, double *dead, double *saturated);

/* Of so many rows of a table: whole decades around every |x| > 0 as the axis (2,), (-1, 0) where there is none, and the counts (rows, bins)
   of log10|x| on it. Its edges are among the fine ones, as its whole decades are so many times as wide. */
void on_one_axis(const table *of, int64_t rows, double *axis, int32_t *counts);

/* each(of, i) for all i below the count, in so many threads: whoever is done takes the next one. */
void in_turn(int64_t threads, void (*each)(const void *of, int64_t i), const void *of, int64_t count);
