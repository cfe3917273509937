/* A frame's numbers from contiguous float32 tensors on the CPU. moments.c and histograms.c compute them for one piece of memory; together.c
splits several tensors into such pieces and computes them in the threads that threads.c provides. */

#include <stdint.h>

#if defined(__x86_64__) && defined(__gnu_linux__) && defined(__GNUC__) && !defined(__clang__)
#define EACH_PROCESSOR __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define EACH_PROCESSOR
#endif
#define INLINE static inline __attribute__((always_inline))

enum { MEAN, STD, MEAN_SQUARE, MIN, MAX, NORM, N, ZEROS, NANS, POS_INF, NEG_INF, FIELDS }; /* FIELDS of models/moments.py */

#define DECADES 84

/* One quantity of all rows; models/native/__init__.py makes the room. */
typedef struct {
    int64_t bins, block;        /* bins of a histogram; neighbouring values that a sample takes together (models/sampling.py) */
    double *fields;             /* (rows, FIELDS) */
    int32_t *linear;            /* (rows, bins) between each row's smallest and largest finite value, both included */
    int32_t *fine;              /* (rows, DECADES * bins): counts of log10|x|, written only within reach */
    int32_t *reach;             /* (rows, 2): the first and the last fine bin that is not empty, (0, -1) where all are */
} table;

/* Where the counts of one row, or of a part of one, are written: as in a table. */
typedef struct {
    int64_t bins;
    int32_t *linear, *fine, *reach;
} tally;

/* What moments are computed from. Over the finite values: how many there are, their mean, the sum of their squares, and `about`, the sum of
   the squares of their distances from the mean; low and high, the smallest and the largest. Over all values: how many are zero, NaN, +inf
   and -inf. */
typedef struct {
    double finite, mean, squares, about, zeros, nans, pos_inf, neg_inf;
    float low, high;
} numbers;

/* numbers_of: of x (n,). joined: the FIELDS of several parts together, as `out` (FIELDS,). moments: the FIELDS of x (n,). */
numbers numbers_of(const float *x, int64_t n);
void joined(const numbers *parts, int64_t count, double *out);
void moments(const float *x, int64_t n, double *out);

/* counted: both histograms of x (n,), the linear one between low and high. `prepare` has been called with that many bins before, by one
   thread alone. merged: the counts of several parts, added up. */
void prepare(int64_t bins);
void counted(const float *x, int64_t n, double low, double high, tally to);
void merged(const tally *parts, int64_t count, tally to);

/* before (n,) becomes weight - before: the change that an optimizer step made. */
void difference(const float *weight, float *before, int64_t n);

/* units: the sum (n,) of the unit vectors along the rows of x (rows, n); NaN where a row's length is 0 or not finite.
   mean_cosine: between two different rows, from such sums (count, n) of `count` parts that have `rows` rows together; NaN for one row. */
void units(const float *x, int64_t rows, int64_t n, double *sum);
double mean_cosine(const double *sums, int64_t count, int64_t rows, int64_t n);

/* alive (units,): whether a unit of phi (batch, units, pixels) is not zero everywhere. The answer is how many values are at most limits[0]
   or at least limits[1]; 0 without limits. */
int64_t marked(const float *phi, int64_t batch, int64_t units, int64_t pixels, const double *limits, int32_t *alive);

/* From the fine counts of a table's rows: axis (2,), the whole decades around every |x| > 0, (-1, 0) where there is none; and the counts
   (rows, bins) of log10|x| on that axis. An axis of d decades in `bins` bins takes d fine bins for each of its own, so nothing is counted
   anew. */
void on_one_axis(const table *of, int64_t rows, double *axis, int32_t *counts);

/* Calls each(of, i) for all i from 0 to ends[threads] - 1. Those below ends[threads - 1] are shared out: thread t begins with ends[t - 1]
   to ends[t] - 1 (thread 0 with 0) and then helps the others. Those from ends[threads - 1] on come last, each by a thread that is free. */
void in_places(int64_t threads, const int64_t *ends, void (*each)(const void *of, int64_t i), const void *of);
