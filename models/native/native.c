/* A frame's numbers from float32 tensors on the CPU, each read once while it is still in the cache.

models/native/__init__.py says what the functions take and give; models/moments.py and models/histograms.py have the same numbers in
torch operations, for any device, and tests hold one against the other. Tensors are contiguous. Sums run in float32 over CHUNK values,
LANES of them side by side, and in float64 over the chunks. */

#include <math.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>

#define LANES 32
#define CHUNK 1024 /* a multiple of LANES */

#if defined(__x86_64__) && defined(__gnu_linux__) && defined(__GNUC__) && !defined(__clang__)
#define EACH_PROCESSOR __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define EACH_PROCESSOR
#endif
#define INLINE static inline __attribute__((always_inline))

/* ---- moments ---- */

enum { MEAN, STD, MEAN_SQUARE, MIN, MAX, NORM, N, ZEROS, NANS, POS_INF, NEG_INF, FIELDS }; /* FIELDS of models/moments.py */

/* Mean squares between these are computed in float32 without loss; beyond, and with a NaN or an infinity, in float64. */
static const double LEAST_SQUARE = 1e-24, MOST_SQUARE = 1e30;

typedef struct {
    double sum, squares, zeros;
    float low, high;
} sums;

/* LANES values side by side, which the compiler keeps in registers. The squares are not finite where a value is not; all else is then of
   no use. */
INLINE sums summed(const float *restrict x, int64_t n) {
    double sum[LANES] = {0}, squares[LANES] = {0};
    float low[LANES], high[LANES];
    int32_t zeros[LANES] = {0};
    int64_t i = 0;
    for (int k = 0; k < LANES; k++) low[k] = INFINITY, high[k] = -INFINITY;
    while (i + LANES <= n) {
        int64_t end = i + CHUNK <= n ? i + CHUNK : n / LANES * LANES;
        float part[LANES] = {0}, square[LANES] = {0};
        for (; i < end; i += LANES)
            for (int k = 0; k < LANES; k++) {
                float v = x[i + k];
                part[k] += v;
                square[k] += v * v;
                low[k] = v < low[k] ? v : low[k];
                high[k] = v > high[k] ? v : high[k];
                zeros[k] += v == 0.0f;
            }
        for (int k = 0; k < LANES; k++) sum[k] += part[k], squares[k] += square[k];
    }
    for (; i < n; i++) {
        sum[0] += x[i];
        squares[0] += (double)x[i] * x[i];
        low[0] = x[i] < low[0] ? x[i] : low[0];
        high[0] = x[i] > high[0] ? x[i] : high[0];
        zeros[0] += x[i] == 0.0f;
    }
    sums found = {0.0, 0.0, 0.0, INFINITY, -INFINITY};
    for (int k = 0; k < LANES; k++) {
        found.sum += sum[k], found.squares += squares[k], found.zeros += zeros[k];
        found.low = low[k] < found.low ? low[k] : found.low;
        found.high = high[k] > found.high ? high[k] : found.high;
    }
    return found;
}

/* The mean square of x - centre. */
INLINE double about(const float *x, int64_t n, double centre) {
    double squares = 0.0;
    for (int64_t i = 0; i < n; i++) {
        double apart = x[i] - centre;
        squares += apart * apart;
    }
    return squares / n;
}

INLINE void plain(const float *x, int64_t n, sums found, double *out) {
    double mean = found.sum / n, mean_square = found.squares / n, variance = mean_square - mean * mean;
    if (found.low == found.high) /* a single value has no rounding noise for a spread */
        mean = found.low, variance = 0.0;
    else if (variance < 0.1 * mean_square) /* the difference has lost digits */
        variance = about(x, n, mean);
    out[MEAN] = mean, out[STD] = sqrt(variance > 0.0 ? variance : 0.0), out[MEAN_SQUARE] = mean_square;
    out[MIN] = found.low, out[MAX] = found.high, out[NORM] = sqrt(found.squares);
    out[ZEROS] = found.zeros, out[NANS] = out[POS_INF] = out[NEG_INF] = 0.0;
}

/* In float64, over the finite values only. */
INLINE void careful(const float *x, int64_t n, double *out) {
    double sum = 0.0, squares = 0.0, low = INFINITY, high = -INFINITY, apart = 0.0;
    int64_t finite = 0;
    memset(out, 0, FIELDS * sizeof(double));
    for (int64_t i = 0; i < n; i++) {
        double v = x[i];
        out[ZEROS] += v == 0.0, out[NANS] += v != v, out[POS_INF] += v == INFINITY, out[NEG_INF] += v == -INFINITY;
        if (!isfinite(v)) continue;
        finite++, sum += v, squares += v * v;
        low = v < low ? v : low, high = v > high ? v : high;
    }
    double mean = finite ? (low == high ? low : sum / finite) : NAN;
    for (int64_t i = 0; i < n; i++)
        if (isfinite(x[i])) apart += (x[i] - mean) * (x[i] - mean);
    out[MEAN] = mean, out[STD] = sqrt(apart / finite), out[MEAN_SQUARE] = squares / finite;
    out[MIN] = finite ? low : NAN, out[MAX] = finite ? high : NAN, out[NORM] = finite ? sqrt(squares) : NAN;
}

/* The FIELDS of x (n,), and a copy of every step-th whole block of it; of all of it with a step of 1. */
EACH_PROCESSOR
void moments(const float *x, int64_t n, double *out, int64_t block, int64_t step, float *sample) {
    sums found = summed(x, n);
    if (found.squares > LEAST_SQUARE * n && found.squares < MOST_SQUARE * n)
        plain(x, n, found, out);
    else
        careful(x, n, out);
    out[N] = n;
    if (step == 1) block = n;
    for (int64_t i = 0; i + block <= n; i += step * block, sample += block) memcpy(sample, x + i, block * sizeof(float));
}

/* ---- shares and correlation ---- */

/* How many units of phi (batch, units, pixels) are zero everywhere; alive: room for one flag a unit. A NaN is not a zero. */
EACH_PROCESSOR
int64_t dead_units(const float *phi, int64_t batch, int64_t units, int64_t pixels, int32_t *alive) {
    memset(alive, 0, units * sizeof(int32_t));
    for (int64_t b = 0; b < batch; b++)
        if (pixels == 1)
            for (int64_t u = 0; u < units; u++) alive[u] |= *phi++ != 0.0f;
        else
            for (int64_t u = 0; u < units; u++, phi += pixels)
                for (int64_t p = 0; p < pixels; p++) alive[u] |= phi[p] != 0.0f;
    int64_t dead = 0;
    for (int64_t u = 0; u < units; u++) dead += !alive[u];
    return dead;
}

/* How many of x (n,) are at most low or at least high. */
EACH_PROCESSOR
int64_t beyond(const float *x, int64_t n, double low, double high) {
    int64_t found = 0;
    for (int64_t i = 0; i < n; i++) found += (x[i] <= low) | (x[i] >= high);
    return found;
}

INLINE double squared_length(const float *restrict x, int64_t n) {
    float part[LANES] = {0};
    double squares = 0.0;
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int k = 0; k < LANES; k++) part[k] += x[i + k] * x[i + k];
    for (; i < n; i++) squares += (double)x[i] * x[i];
    for (int half = LANES / 2; half; half /= 2)
        for (int k = 0; k < half; k++) part[k] += part[k + half];
    return squares + part[0];
}

/* |sum of x_i / |x_i| |^2 over the rows of x (rows, n); NaN where a squared length is too small or too large for float32.
   sum: room for n numbers. */
EACH_PROCESSOR
double units_squared(const float *restrict x, int64_t rows, int64_t n, float *restrict sum) {
    memset(sum, 0, n * sizeof(float));
    for (int64_t row = 0; row < rows; row++, x += n) {
        double squares = squared_length(x, n);
        if (!(squares > 1e-30 && squares < 1e30)) return NAN;
        float scale = (float)(1.0 / sqrt(squares));
        for (int64_t i = 0; i < n; i++) sum[i] += scale * x[i];
    }
    double length = 0.0;
    for (int64_t i = 0; i < n; i++) length += (double)sum[i] * sum[i];
    return length;
}

/* ---- histograms ---- */

#define MOST_THREADS 16

/* Of a float32 as an integer: its places, and the numbers infinity, 2^-126 and 1 / sqrt(2). */
#define MAGNITUDE 0x7fffffff
#define MANTISSA 23
#define MANTISSA_BITS 0x007fffff
#define NOT_FINITE 0x7f800000
#define SMALLEST_NORMAL 0x00800000
#define HALF_ROOT_2 0x3f3504f3

INLINE int32_t magnitude(float x) {
    int32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits & MAGNITUDE;
}

INLINE float number(int32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* Whole decades around every finite |x| > 0 of all rows; (-1, 0) where there is none. Positive floats are in the order of their bits. */
EACH_PROCESSOR
static void decades(const float *const *x, const int64_t *n, int64_t rows, double *axis) {
    int32_t least[LANES], most[LANES] = {0}, small = INT32_MAX, great = 0;
    for (int k = 0; k < LANES; k++) least[k] = INT32_MAX;
    for (int64_t row = 0; row < rows; row++)
        for (int64_t i = 0; i < n[row]; i += LANES) {
            float values[LANES] = {0};
            memcpy(values, x[row] + i, (i + LANES <= n[row] ? LANES : n[row] - i) * sizeof(float));
            for (int k = 0; k < LANES; k++) {
                int32_t bits = magnitude(values[k]);
                int32_t size = bits < NOT_FINITE ? bits : 0;
                int32_t sought = size ? size : INT32_MAX;
                least[k] = sought < least[k] ? sought : least[k];
                most[k] = size > most[k] ? size : most[k];
            }
        }
    for (int k = 0; k < LANES; k++) small = least[k] < small ? least[k] : small, great = most[k] > great ? most[k] : great;
    axis[0] = great ? floor(log10(number(small))) : -1.0;
    axis[1] = great ? floor(log10(number(great))) + 1.0 : 0.0;
}

/* Bins of n values between low and high; of what is not finite, one more than there are. */
INLINE void linear_bins(const float *restrict x, int64_t n, double low, double scale, int32_t bins, int32_t *restrict found) {
    for (int64_t i = 0; i < n; i++) {
        int32_t bin = (int32_t)((x[i] - low) * scale);
        bin = bin < 0 ? 0 : bin < bins ? bin : bins - 1;
        found[i] = magnitude(x[i]) < NOT_FINITE ? bin : bins;
    }
}

/* log10 of a number > 0 to 2e-7 and float32's rounding: its exponent, and of its mantissa m in [1/sqrt(2), sqrt(2)] t p(t), t = m - 1,
   with p of degree 6 from Chebyshev's nodes. */
INLINE float logarithm(int32_t size) {
    int32_t subnormal = size < SMALLEST_NORMAL;
    float x = subnormal ? number(size) * 0x1p32f : number(size);
    int32_t bits = magnitude(x) - HALF_ROOT_2, exponent = (bits >> MANTISSA) - 32 * subnormal;
    float t = number((bits & MANTISSA_BITS) + HALF_ROOT_2) - 1.0f;
    float p = 0.051815911f;
    p = p * t - 0.0811294726f;
    p = p * t + 0.0889945814f;
    p = p * t - 0.108175325f;
    p = p * t + 0.14468379f;
    p = p * t - 0.217152214f;
    p = p * t + 0.434294901f;
    return exponent * 0.30103f + t * p;
}

/* The same of log10|x|; of a zero, too. */
INLINE void log10_bins(const float *restrict x, int64_t n, float low, float scale, int32_t bins, int32_t *restrict found) {
    for (int64_t i = 0; i < n; i++) {
        int32_t size = magnitude(x[i]), counted = (size != 0) & (size < NOT_FINITE);
        int32_t bin = (int32_t)((logarithm(counted ? size : SMALLEST_NORMAL) - low) * scale);
        bin = bin < 0 ? 0 : bin < bins ? bin : bins - 1;
        found[i] = counted ? bin : bins;
    }
}

/* Two sets of counters take turns: one after the other in the same place would wait for it. */
INLINE void count(const int32_t *bin, int64_t n, int64_t bins, int32_t (*counts)[bins + 1]) {
    for (int64_t i = 0; i + 1 < n; i += 2) counts[0][bin[i]]++, counts[1][bin[i + 1]]++;
    if (n % 2) counts[0][bin[n - 1]]++;
}

typedef struct {
    const float *const *x;
    const int64_t *n;
    const double *low, *high, *axis;
    int32_t *linear, *log10;
    int64_t rows, bins, first, step;
} task;

/* Counts every step-th row from the first on. */
EACH_PROCESSOR
static void *counted(void *given) {
    const task *of = given;
    int64_t bins = of->bins;
    float log_low = (float)of->axis[0], log_scale = (float)(bins / (of->axis[1] - of->axis[0]));
    int32_t found[CHUNK];
    for (int64_t row = of->first; row < of->rows; row += of->step) {
        const float *x = of->x[row];
        double low = of->low[row], high = of->high[row], scale = high > low ? bins / (high - low) : 0.0;
        int32_t counts[4][bins + 1], *linear = of->linear + row * bins, *log10 = of->log10 + row * bins;
        memset(counts, 0, sizeof counts);
        for (int64_t i = 0; i < of->n[row]; i += CHUNK) {
            int64_t some = of->n[row] - i < CHUNK ? of->n[row] - i : CHUNK;
            linear_bins(x + i, some, low, scale, bins, found);
            count(found, some, bins, counts);
            log10_bins(x + i, some, log_low, log_scale, bins, found);
            count(found, some, bins, counts + 2);
        }
        for (int64_t k = 0; k < bins; k++) linear[k] = counts[0][k] + counts[1][k], log10[k] = counts[2][k] + counts[3][k];
    }
    return NULL;
}

/* Of rows of sampled values: the axis (2,) of log10|x|, counts (rows, bins) in bins of equal width from each row's low to its high,
   both included (all in the first where they are one), and of log10|x| on the axis; in so many threads, as far as they can be had. */
void histograms(const float *const *x, const int64_t *n, int64_t rows, const double *low, const double *high, int64_t bins,
                int64_t threads, double *axis, int32_t *linear, int32_t *log10) {
    task tasks[MOST_THREADS];
    pthread_t started[MOST_THREADS];
    int64_t step = threads < 1 ? 1 : threads < MOST_THREADS ? threads : MOST_THREADS;
    decades(x, n, rows, axis);
    for (int64_t t = 0; t < step; t++) tasks[t] = (task){x, n, low, high, axis, linear, log10, rows, bins, t, step};
    int64_t others = 0;
    while (others + 1 < step && pthread_create(&started[others], NULL, counted, &tasks[others + 1]) == 0) others++;
    for (int64_t t = others + 1; t < step; t++) counted(&tasks[t]);
    counted(&tasks[0]);
    for (int64_t t = 0; t < others; t++) pthread_join(started[t], NULL);
}
