/* Moments, shares and correlations of float32 values on the CPU.

models/moments.py has the same numbers in torch operations, for any device, and tests compare the two. Values are added in float32 within a
chunk of CHUNK values, in LANES sums side by side, and the chunks' sums in float64. */

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "native.h"

#define LANES 16 /* for 32, AVX2 has too few registers; with 8, the compiler makes no vectors */
#define CHUNK 1024 /* a multiple of LANES */
#define AHEAD 1024 /* values from what is read to what is prefetched: a layer's tensor has often left the second-level cache */

/* Asks for the LANES values that are read AHEAD values later. */
INLINE void fetch(const float *x) { __builtin_prefetch(x + AHEAD); }

/* Until `restore`, results too small for a normal float32 become 0. x86 processors take a hundred times as long to round them, and they do
   not matter here: where sums of squares are that small, everything is computed anew in float64. */
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

/* ---- moments ---- */

/* Between these mean squares float32 sums lose nothing; beyond them, and with a NaN or an infinity, `careful` computes in float64. */
static const double LEAST_SQUARE = 1e-24, MOST_SQUARE = 1e30;

static const numbers NOTHING = {.low = INFINITY, .high = -INFINITY};

/* Sums over x in LANES lanes, which the compiler keeps in registers. The answer's `mean` is the sum; `squares` is not finite where a value
   is not, and then nothing else in it is of use. */
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

/* Lanes in float64: with fewer, the compiler makes a loop without vectors. */
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

/* The numbers of values that are all finite, from their sums. */
INLINE numbers plain(const float *x, int64_t n, numbers found) {
    found.finite = n, found.mean /= n;
    found.about = found.squares - n * found.mean * found.mean;
    if (found.about < 0.1 * found.squares) /* the difference has lost digits */
        found.about = about(x, n, found.mean);
    return found;
}

/* The numbers of any values, over the finite ones, in float64. Each statement has its loop, as the compiler makes vectors of one type at a
   time. The last values are padded with NaN, which are then taken off `nans`. */
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

/* LANES sums in float32, added up in float64: in float32 alone, rows that are alike would all have the same error, which would not average
   out. */
INLINE double squared_length(const float *restrict x, int64_t n) {
    float part[LANES] = {0};
    double whole[LANES], squares = 0.0;
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int k = 0; k < LANES; k++) part[k] += x[i + k] * x[i + k];
    for (; i < n; i++) squares += (double)x[i] * x[i];
    for (int k = 0; k < LANES; k++) whole[k] = part[k];
    for (int half = LANES / 2; half; half /= 2)
        for (int k = 0; k < half; k++) whole[k] += whole[k + half];
    return squares + whole[0];
}

/* `units` in float64, for rows of any length. */
INLINE void careful_units(const float *x, int64_t rows, int64_t n, double *sum) {
    memset(sum, 0, n * sizeof(double));
    for (int64_t row = 0; row < rows; row++, x += n) {
        double squares = 0.0, length = 0.0;
        for (int64_t i = 0; i < n; i++) squares += (double)x[i] * x[i];
        length = sqrt(squares);
        for (int64_t i = 0; i < n; i++) sum[i] += x[i] / length;
    }
}

#define ABREAST 4 /* rows that are added in one pass over the sum */

EACH_PROCESSOR
void units(const float *restrict x, int64_t rows, int64_t n, double *restrict sum) {
    uint32_t had = flush_squares();
    int64_t row = 0;
    memset(sum, 0, n * sizeof(double));
    for (; row < rows; row += ABREAST) {
        const float *at[ABREAST];
        double scale[ABREAST];
        int fits = 1;
        for (int k = 0; k < ABREAST; k++) {
            at[k] = x + (row + k < rows ? row + k : row) * n;
            double squares = squared_length(at[k], n);
            fits &= squares > 1e-30 && squares < 1e30;
            scale[k] = row + k < rows ? 1.0 / sqrt(squares) : 0.0;
        }
        if (!fits) break;
        for (int64_t i = 0; i < n; i++)
            sum[i] += (scale[0] * at[0][i] + scale[1] * at[1][i]) + (scale[2] * at[2][i] + scale[3] * at[3][i]);
    }
    restore(had);
    if (row < rows) careful_units(x, rows, n, sum);
}

EACH_PROCESSOR
double mean_cosine(const double *sums, int64_t count, int64_t rows, int64_t n) {
    double length = 0.0;
    for (int64_t i = 0; i < n; i++) {
        double sum = 0.0;
        for (int64_t k = 0; k < count; k++) sum += sums[k * n + i];
        length += sum * sum;
    }
    double mean = rows < 2 ? NAN : (length - rows) / ((double)rows * (rows - 1));
    return mean > 1.0 ? 1.0 : mean < -1.0 ? -1.0 : mean; /* it is rounded; NaN stays */
}

/* ---- updates ---- */

EACH_PROCESSOR
void difference(const float *restrict weight, float *restrict before, int64_t n) {
    for (int64_t i = 0; i < n; i++) before[i] = weight[i] - before[i];
}
