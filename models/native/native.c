/* A frame's numbers from float32 tensors on the CPU, each read once while it is still in the cache.

models/moments.py and models/histograms.py have the same numbers in torch operations, for any device, and tests hold one against the
other. Tensors are contiguous. Sums run in float32 over CHUNK values, LANES of them side by side, and in float64 over the chunks. */

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "native.h"

#define LANES 32
#define CHUNK 1024 /* a multiple of LANES */
#define AHEAD 1024 /* values between what is read and what is fetched: a layer's tensor has often left the second-level cache */

#if defined(__x86_64__) && defined(__gnu_linux__) && defined(__GNUC__) && !defined(__clang__)
#define EACH_PROCESSOR __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define EACH_PROCESSOR
#endif
#define INLINE static inline __attribute__((always_inline))

/* Asks for the LANES values that are read AHEAD values later. */
INLINE void fetch(const float *x) {
    __builtin_prefetch(x + AHEAD);
    __builtin_prefetch(x + AHEAD + LANES / 2);
}

/* Squares that are too small for float32 become 0 until `restore`, which is of no consequence here: with sums of squares so small, all is
   computed anew in float64. To round them takes x86 processors a hundred times as long as anything else. */
#if defined(__x86_64__)
#define FLUSH_TO_ZERO 0x8000
INLINE uint32_t flush_squares(void) {
    uint32_t had = __builtin_ia32_stmxcsr();
    __builtin_ia32_ldmxcsr(had | FLUSH_TO_ZERO);
    return had;
}
INLINE void restore(uint32_t had) { __builtin_ia32_ldmxcsr(had); }
#else
INLINE uint32_t flush_squares(void) { return 0; }
INLINE void restore(uint32_t had) { (void)had; }
#endif

/* Room that each thread keeps from call to call, as much as its largest call took. Without memory for it the process ends, as it would
   where the tensors themselves did not fit. */
static void *room(int64_t bytes) {
    static _Thread_local void *place;
    static _Thread_local int64_t size;
    if (bytes > size) {
        free(place);
        if (!(place = malloc(bytes))) abort();
        size = bytes;
    }
    return place;
}

/* ---- moments ---- */

/* Mean squares between these are computed in float32 without loss; beyond, and with a NaN or an infinity, in float64. */
static const double LEAST_SQUARE = 1e-24, MOST_SQUARE = 1e30;

static const numbers NOTHING = {.low = INFINITY, .high = -INFINITY};

/* LANES values side by side, which the compiler keeps in registers: the sum in `mean`. The squares are not finite where a value is not;
   all else is then of no use. */
INLINE numbers summed(const float *restrict x, int64_t n) {
    double sum[LANES] = {0}, squares[LANES] = {0};
    float low[LANES], high[LANES];
    int32_t zeros[LANES] = {0};
    int64_t i = 0;
    for (int k = 0; k < LANES; k++) low[k] = INFINITY, high[k] = -INFINITY;
    while (i + LANES <= n) {
        int64_t end = i + CHUNK <= n ? i + CHUNK : n / LANES * LANES;
        float part[LANES] = {0}, square[LANES] = {0};
        for (; i < end; i += LANES) {
            fetch(x + i);
            for (int k = 0; k < LANES; k++) {
                float v = x[i + k];
                part[k] += v;
                square[k] += v * v;
                low[k] = v < low[k] ? v : low[k];
                high[k] = v > high[k] ? v : high[k];
                zeros[k] += v == 0.0f;
            }
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
    numbers found = NOTHING;
    for (int k = 0; k < LANES; k++) {
        found.mean += sum[k], found.squares += squares[k], found.zeros += zeros[k];
        found.low = low[k] < found.low ? low[k] : found.low;
        found.high = high[k] > found.high ? high[k] : found.high;
    }
    return found;
}

/* In float64, as many side by side: of fewer, the compiler makes a loop without vectors. */
#define WIDE 32

/* The sum of the squares of x - centre over the finite values. */
INLINE double about(const float *restrict x, int64_t n, double centre) {
    double squares[WIDE] = {0}, found = 0.0;
    for (int64_t i = 0; i < n / WIDE * WIDE; i += WIDE)
        for (int k = 0; k < WIDE; k++) {
            double apart = fabsf(x[i + k]) < INFINITY ? x[i + k] - centre : 0.0;
            squares[k] += apart * apart;
        }
    for (int64_t i = n / WIDE * WIDE; i < n; i++) found += isfinite(x[i]) ? (x[i] - centre) * (x[i] - centre) : 0.0;
    for (int k = 0; k < WIDE; k++) found += squares[k];
    return found;
}

INLINE numbers plain(const float *x, int64_t n, numbers found) {
    found.finite = n, found.mean /= n;
    found.about = found.squares - n * found.mean * found.mean;
    if (found.about < 0.1 * found.squares) /* the difference has lost digits */
        found.about = about(x, n, found.mean);
    return found;
}

/* Over the finite values only. A loop for each type: the compiler does WIDE of one type at once. */
INLINE numbers careful(const float *restrict x, int64_t n) {
    double sum[WIDE] = {0}, squares[WIDE] = {0};
    float low[WIDE], high[WIDE], last[WIDE], finite[WIDE];
    int32_t zeros[WIDE] = {0}, nans[WIDE] = {0}, pos_inf[WIDE] = {0}, neg_inf[WIDE] = {0};
    int64_t missing = -n & (WIDE - 1);
    for (int k = 0; k < WIDE; k++) low[k] = INFINITY, high[k] = -INFINITY, last[k] = NAN;
    memcpy(last, x + n / WIDE * WIDE, n % WIDE * sizeof(float));
    for (int64_t i = 0; i < n; i += WIDE) {
        const float *v = i + WIDE <= n ? x + i : last;
        for (int k = 0; k < WIDE; k++) finite[k] = fabsf(v[k]) < INFINITY ? v[k] : 0.0f;
        for (int k = 0; k < WIDE; k++) sum[k] += finite[k];
        for (int k = 0; k < WIDE; k++) squares[k] += (double)finite[k] * finite[k];
        for (int k = 0; k < WIDE; k++) low[k] = v[k] < low[k] && v[k] > -INFINITY ? v[k] : low[k];
        for (int k = 0; k < WIDE; k++) high[k] = v[k] > high[k] && v[k] < INFINITY ? v[k] : high[k];
        for (int k = 0; k < WIDE; k++) zeros[k] += v[k] == 0.0f;
        for (int k = 0; k < WIDE; k++) nans[k] += v[k] != v[k];
        for (int k = 0; k < WIDE; k++) pos_inf[k] += v[k] == INFINITY;
        for (int k = 0; k < WIDE; k++) neg_inf[k] += v[k] == -INFINITY;
    }
    numbers found = NOTHING;
    for (int k = 0; k < WIDE; k++) {
        found.mean += sum[k], found.squares += squares[k];
        found.low = low[k] < found.low ? low[k] : found.low, found.high = high[k] > found.high ? high[k] : found.high;
        found.zeros += zeros[k], found.nans += nans[k], found.pos_inf += pos_inf[k], found.neg_inf += neg_inf[k];
    }
    found.nans -= missing;
    found.finite = n - found.nans - found.pos_inf - found.neg_inf;
    found.mean = found.finite ? found.mean / found.finite : 0.0;
    found.about = about(x, n, found.mean);
    return found;
}

EACH_PROCESSOR
numbers numbers_of(const float *x, int64_t n) {
    uint32_t had = flush_squares();
    numbers found = summed(x, n);
    restore(had);
    return found.squares > LEAST_SQUARE * n && found.squares < MOST_SQUARE * n ? plain(x, n, found) : careful(x, n);
}

void joined(const numbers *parts, int64_t count, double *out) {
    numbers all = NOTHING;
    for (const numbers *of = parts; of < parts + count; of++) {
        all.finite += of->finite, all.mean += of->finite * of->mean, all.squares += of->squares;
        all.low = of->low < all.low ? of->low : all.low, all.high = of->high > all.high ? of->high : all.high;
        all.zeros += of->zeros, all.nans += of->nans, all.pos_inf += of->pos_inf, all.neg_inf += of->neg_inf;
    }
    double nothing = all.finite ? 0.0 : NAN;
    all.mean = all.low == all.high ? all.low : all.mean / all.finite; /* a single value has no rounding noise for a spread */
    for (const numbers *of = parts; of < parts + count; of++)
        all.about += of->about + of->finite * (of->mean - all.mean) * (of->mean - all.mean);
    out[MEAN] = all.mean, out[STD] = all.low == all.high ? 0.0 : sqrt(all.about / all.finite), out[MEAN_SQUARE] = all.squares / all.finite;
    out[MIN] = all.low + nothing, out[MAX] = all.high + nothing, out[NORM] = sqrt(all.squares) + nothing;
    out[N] = all.finite + all.nans + all.pos_inf + all.neg_inf;
    out[ZEROS] = all.zeros, out[NANS] = all.nans, out[POS_INF] = all.pos_inf, out[NEG_INF] = all.neg_inf;
}

void moments(const float *x, int64_t n, double *out) {
    numbers found = numbers_of(x, n);
    joined(&found, 1, out);
}

/* ---- shares and correlation ---- */

EACH_PROCESSOR
int64_t marked(const float *phi, int64_t batch, int64_t units, int64_t pixels, const double *limits, int32_t *alive) {
    const float *x = phi;
    memset(alive, 0, units * sizeof(int32_t));
    for (int64_t b = 0; b < batch; b++)
        if (pixels == 1) {
            for (int64_t u = 0; u < units; u += LANES) fetch(x + u);
            for (int64_t u = 0; u < units; u++) alive[u] |= *x++ != 0.0f;
        } else
            for (int64_t u = 0; u < units; u++, x += pixels)
                for (int64_t p = 0; p < pixels; p++) alive[u] |= x[p] != 0.0f;
    if (!limits) return 0;
    double low = limits[0], high = limits[1];
    int64_t n = batch * units * pixels, beyond = 0;
    for (int64_t i = 0; i < n; i++) beyond += (phi[i] <= low) | (phi[i] >= high);
    return beyond;
}

INLINE double squared_length(const float *restrict x, int64_t n) {
    float part[LANES] = {0};
    double squares = 0.0;
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        fetch(x + i);
        for (int k = 0; k < LANES; k++) part[k] += x[i + k] * x[i + k];
    }
    for (; i < n; i++) squares += (double)x[i] * x[i];
    for (int half = LANES / 2; half; half /= 2)
        for (int k = 0; k < half; k++) part[k] += part[k + half];
    return squares + part[0];
}

/* For lengths of any size, in float64. */
INLINE void careful_units(const float *x, int64_t rows, int64_t n, float *sum) {
    double *wide = room(n * sizeof(double));
    memset(wide, 0, n * sizeof(double));
    for (int64_t row = 0; row < rows; row++, x += n) {
        double squares = 0.0, length = 0.0;
        for (int64_t i = 0; i < n; i++) squares += (double)x[i] * x[i];
        length = sqrt(squares);
        for (int64_t i = 0; i < n; i++) wide[i] += x[i] / length;
    }
    for (int64_t i = 0; i < n; i++) sum[i] = (float)wide[i];
}

EACH_PROCESSOR
void units(const float *restrict x, int64_t rows, int64_t n, float *restrict sum) {
    memset(sum, 0, n * sizeof(float));
    for (int64_t row = 0; row < rows; row++) {
        const float *restrict one = x + row * n;
        uint32_t had = flush_squares();
        double squares = squared_length(one, n);
        restore(had);
        if (!(squares > 1e-30 && squares < 1e30)) {
            careful_units(x, rows, n, sum);
            return;
        }
        float scale = (float)(1.0 / sqrt(squares));
        for (int64_t i = 0; i < n; i++) sum[i] += scale * one[i];
    }
}

EACH_PROCESSOR
double mean_cosine(const float *sums, int64_t count, int64_t rows, int64_t n) {
    double length = 0.0;
    for (int64_t i = 0; i < n; i++) {
        double sum = 0.0;
        for (int64_t k = 0; k < count; k++) sum += sums[k * n + i];
        length += sum * sum;
    }
    return rows < 2 ? NAN : (length - rows) / ((double)rows * (rows - 1));
}

/* ---- histograms ---- */

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

#define LEAST_DECADE -45 /* of the DECADES of float32, subnormal numbers too: from 1e-45 to 1e39 */

INLINE int32_t fine_bin(int32_t size, int32_t bins) {
    float place = logarithm(size) * bins;
    int32_t below = (int32_t)place;
    return below - (place < below) - LEAST_DECADE * bins;
}

/* Bins of log10|x| of 1 / bins of a decade each; of a zero and of what is not finite, one more than there are. extremes: the bits of the
   smallest and the largest |x| that is counted, which this widens. Positive floats are in the order of their bits. */
INLINE void log10_bins(const float *restrict x, int64_t n, int32_t bins, int32_t *restrict found, int32_t *extremes) {
    int32_t least = extremes[0], most = extremes[1];
    for (int64_t i = 0; i < n; i++) {
        int32_t size = magnitude(x[i]), mask = -((size != 0) & (size < NOT_FINITE)), high = size & mask, low = high | (~mask & INT32_MAX);
        int32_t bin = fine_bin(high | (~mask & SMALLEST_NORMAL), bins);
        least = low < least ? low : least, most = high > most ? high : most;
        found[i] = (bin & mask) | (~mask & (DECADES * bins));
    }
    extremes[0] = least, extremes[1] = most;
}

/* SETS of counters take turns: one after the other in the same place would wait for it. */
#define SETS 4

INLINE void count(const int32_t *restrict bin, int64_t n, int64_t size, int32_t *restrict counts) {
    int64_t i = 0;
    for (; i + SETS <= n; i += SETS)
        for (int k = 0; k < SETS; k++) counts[k * size + bin[i + k]]++;
    for (; i < n; i++) counts[bin[i]]++;
}

/* Adds the sets up, of places first to last, and leaves them empty for the next row. */
INLINE void gathered(int32_t *restrict counts, int64_t size, int64_t first, int64_t last, int32_t *restrict out) {
    for (int64_t i = first; i <= last; i++) {
        int32_t sum = 0;
        for (int k = 0; k < SETS; k++) sum += counts[k * size + i], counts[k * size + i] = 0;
        out[i] = sum;
    }
}

/* This thread's counters, SETS of bins + 1 and of DECADES * bins + 1, empty between two calls. */
static int32_t *counters(int64_t bins) {
    static _Thread_local int32_t *place;
    static _Thread_local int64_t most;
    if (bins > most) {
        free(place);
        if (!(place = calloc(SETS * ((DECADES + 1) * bins + 2), sizeof(int32_t)))) abort();
        most = bins;
    }
    return place;
}

EACH_PROCESSOR
void counted(const float *x, int64_t n, double low, double high, tally to) {
    int64_t bins = to.bins, fine = DECADES * bins;
    double scale = high > low ? bins / (high - low) : 0.0;
    int32_t extremes[2] = {INT32_MAX, 0}, found[CHUNK], *linear_sets = counters(bins), *fine_sets = linear_sets + SETS * (bins + 1);
    for (int64_t i = 0; i < n; i += CHUNK) {
        int64_t some = n - i < CHUNK ? n - i : CHUNK;
        linear_bins(x + i, some, low, scale, bins, found);
        count(found, some, bins + 1, linear_sets);
        log10_bins(x + i, some, bins, found, extremes);
        count(found, some, fine + 1, fine_sets);
    }
    gathered(linear_sets, bins + 1, 0, bins - 1, to.linear);
    for (int k = 0; k < SETS; k++) linear_sets[k * (bins + 1) + bins] = 0, fine_sets[k * (fine + 1) + fine] = 0;
    to.reach[0] = 0, to.reach[1] = -1;
    if (extremes[1]) { /* a logarithm rounds: one place more on either side */
        int32_t first = fine_bin(extremes[0], bins) - 1, last = fine_bin(extremes[1], bins) + 1;
        to.reach[0] = first < 0 ? 0 : first, to.reach[1] = last < fine ? last : fine - 1;
        gathered(fine_sets, fine + 1, to.reach[0], to.reach[1], to.fine);
    }
    memcpy(to.extremes, extremes, sizeof extremes);
}

void merged(const tally *parts, int64_t count, tally to) {
    memset(to.linear, 0, to.bins * sizeof(int32_t));
    to.reach[0] = INT32_MAX, to.reach[1] = -1, to.extremes[0] = INT32_MAX, to.extremes[1] = 0;
    for (const tally *of = parts; of < parts + count; of++) {
        if (of->reach[1] >= 0 && of->reach[0] < to.reach[0]) to.reach[0] = of->reach[0];
        if (of->reach[1] > to.reach[1]) to.reach[1] = of->reach[1];
        if (of->extremes[0] < to.extremes[0]) to.extremes[0] = of->extremes[0];
        if (of->extremes[1] > to.extremes[1]) to.extremes[1] = of->extremes[1];
        for (int64_t i = 0; i < to.bins; i++) to.linear[i] += of->linear[i];
    }
    for (int64_t i = to.reach[0]; i <= to.reach[1]; i++) to.fine[i] = 0;
    for (const tally *of = parts; of < parts + count; of++)
        for (int64_t i = of->reach[0]; i <= of->reach[1]; i++) to.fine[i] += of->fine[i];
}

EACH_PROCESSOR
void difference(const float *restrict weight, float *restrict before, int64_t n) {
    for (int64_t i = 0; i < n; i++) before[i] = weight[i] - before[i];
}

EACH_PROCESSOR
void on_one_axis(const table *of, int64_t rows, double *axis, int32_t *counts) {
    int64_t bins = of->bins;
    int32_t least = INT32_MAX, most = 0;
    for (int64_t row = 0; row < rows; row++) {
        const int32_t *extremes = of->extremes + 2 * row;
        least = extremes[0] < least ? extremes[0] : least, most = extremes[1] > most ? extremes[1] : most;
    }
    axis[0] = most ? floor(log10(number(least))) : -1.0, axis[1] = most ? floor(log10(number(most))) + 1.0 : 0.0;
    int64_t decades = axis[1] - axis[0], start = (axis[0] - LEAST_DECADE) * bins;
    memset(counts, 0, rows * bins * sizeof(int32_t));
    for (int64_t row = 0; row < rows; row++, counts += bins)
        for (int64_t i = of->reach[2 * row]; i <= of->reach[2 * row + 1]; i++) {
            int64_t bin = i < start ? 0 : (i - start) / decades;
            counts[bin < bins ? bin : bins - 1] += of->fine[row * DECADES * bins + i];
        }
}
