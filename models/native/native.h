/* A frame's numbers from contiguous float32 tensors on the CPU: moments.c and histograms.c compute them, together.c of several tensors at
once in the threads of threads.c. */

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
    int64_t bins, block;        /* of a histogram; values that lie beside each other in a sample */
    double *fields;             /* (rows, FIELDS) */
    int32_t *linear;            /* (rows, bins) between each row's smallest and largest finite value, both included */
    int32_t *fine;              /* (rows, DECADES * bins): counts of log10|x|, known within reach only */
    int32_t *reach;             /* (rows, 2): the first and the last place that is not empty, (0, -1) where all are */
} table;

/* Counts of one row, or of a part of one. */
typedef struct {
    int64_t bins;
    int32_t *linear, *fine, *reach;
} tally;

/* What moments are made of: of the finite values how many there are, their mean, the sum of their squares and that of the squares of their
   distances from the mean; and of all values how many are what. */
typedef struct {
    double finite, mean, squares, about, zeros, nans, pos_inf, neg_inf;
    float low, high;
} numbers;

/* The numbers of x (n,), and the FIELDS of all parts together. */
numbers numbers_of(const float *x, int64_t n);
void joined(const numbers *parts, int64_t count, double *out);
void moments(const float *x, int64_t n, double *out);

/* The counts of x (n,), for which `prepare` is called once for all threads, and those of several parts in one. */
void prepare(int64_t bins);
void counted(const float *x, int64_t n, double low, double high, tally to);
void merged(const tally *parts, int64_t count, tally to);

/* What a step made of a weight, in the place of the weight before. */
void difference(const float *weight, float *before, int64_t n);

/* The sum (n,) of the unit vectors along x (rows, n), not a number where a length is 0 or not finite; and from the sums (count, n) of all
   parts of so many rows the mean cosine between two different ones, NaN of one row. */
void units(const float *x, int64_t rows, int64_t n, double *sum);
double mean_cosine(const double *sums, int64_t count, int64_t rows, int64_t n);

/* Which units (units,) of phi (batch, units, pixels) are not zero everywhere, and how many values are at most limits[0] or at least
   limits[1]. */
int64_t marked(const float *phi, int64_t batch, int64_t units, int64_t pixels, const double *limits, int32_t *alive);

/* Of so many rows of a table: whole decades around every |x| > 0 as the axis (2,), (-1, 0) where there is none, and the counts (rows, bins)
   of log10|x| on it. Its edges are among the fine ones, as its whole decades are so many times as wide. */
void on_one_axis(const table *of, int64_t rows, double *axis, int32_t *counts);

/* each(of, i) for all i below ends[threads]: thread t begins with those from ends[t - 1] on and helps the others when it has done its own;
   those from ends[threads - 1] on are done last, each by whoever is free. */
void in_places(int64_t threads, const int64_t *ends, void (*each)(const void *of, int64_t i), const void *of);
