/* Histograms of float32 values on the CPU: of x in bins of equal width, and of log10|x|.

models/histograms.py has the same counts in torch operations, for any device, and tests compare the two. */

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "native.h"

#define CHUNK 1024
#define SETS 4 /* sets of counters, used in turn: two neighbouring values in the same bin would otherwise wait for each other's write */

/* Of the bits of a float32: the mask without the sign; infinity; 2^-126, the smallest normal number; and how many bits the mantissa has. */
#define MAGNITUDE 0x7fffffff
#define NOT_FINITE 0x7f800000
#define SMALLEST_NORMAL 0x00800000
#define MANTISSA 23

#define LEAST_DECADE -45 /* the first of the DECADES of float32, subnormal numbers included: 1e-45 to 1e39 */

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

/* The memory; where there is none the process ends, as it would where the tensors themselves did not fit. */
static void *needed(void *memory) {
    if (!memory) abort();
    return memory;
}

/* ---- bins of log10|x| ---- */

/* A cell is a range of neighbouring numbers > 0 that is narrower than a bin, and so lies in one bin or in two: the bin of its first number,
   and the bits of the first number that is in the next bin, UINT32_MAX where there is none: a NaN may have every bit below it. */
typedef struct {
    uint32_t bin, edge;
} cell;

/* A table from a number's leading bits to its bin, which needs no logarithm. An octave, the numbers with the same exponent, is divided into
   2^places cells, so the exponent and the first `places` bits of the mantissa are the number of the cell. A subnormal number has no such
   exponent: it is multiplied by 2^32 first. The order of octaves: those of subnormal numbers, one that has only 0 in it, then one for each
   exponent, the last with infinities and NaN. Zero and what is not finite are given bin DECADES * bins, which is dropped. */
static struct {
    int64_t bins;
    int places;
    cell *cells, *normal; /* the cell of 0 */
} scale;

#define RAISED 0x1p32f
#define FIRST_NORMAL 26 /* octaves before the one of 0 */
#define FIRST_RAISED 7  /* the first octave of the table is that of this exponent, of a raised subnormal number */
#define LEAST_RAISED 10 /* the exponent of the smallest subnormal number, 2^-149, when it is raised */
#define OCTAVES (FIRST_NORMAL + 256)

void prepare(int64_t bins) {
    if (bins == scale.bins) return;
    int places = 0;
    while (ldexp(1.0, -places) >= pow(10.0, 1.0 / bins) - 1.0) places++;
    int64_t octave = (int64_t)1 << places, next = 0;
    int32_t width = 1 << (MANTISSA - places);
    double from = -1.0; /* where the next bin begins */
    cell *cells = needed(realloc(scale.cells, OCTAVES * octave * sizeof(cell)));
    for (int64_t i = 0; i < OCTAVES * octave; i++) {
        int raised = i < FIRST_NORMAL * octave;
        int32_t first = (int32_t)(i + (raised ? FIRST_RAISED : -FIRST_NORMAL) * octave) * width, exponent = first >> MANTISSA;
        double factor = raised ? RAISED : 1.0;
        cells[i] = (cell){DECADES * bins, UINT32_MAX};
        if (raised ? exponent < LEAST_RAISED : exponent == 0 || exponent == 255) continue;
        while (from <= number(first) / factor) from = pow(10.0, (double)++next / bins + LEAST_DECADE);
        float edge = (float)(from * factor);
        int32_t bits = magnitude(edge) + (edge < from * factor);
        cells[i] = (cell){next - 1, bits < first + width ? (uint32_t)bits : UINT32_MAX};
    }
    scale.bins = bins, scale.places = places, scale.cells = cells, scale.normal = cells + FIRST_NORMAL * octave;
}

INLINE uint32_t bin_of(const cell *normal, int places, uint32_t size) {
    const cell *of = normal + (size >> (MANTISSA - places));
    if (__builtin_expect(size - 1 < SMALLEST_NORMAL - 1, 0)) {
        size = magnitude(number(size) * RAISED);
        of = normal + ((size >> (MANTISSA - places)) - (uint64_t)((FIRST_NORMAL + FIRST_RAISED) << places));
    }
    return of->bin + (size >= of->edge);
}

INLINE void count_magnitudes(const float *restrict x, int64_t n, int64_t size, int32_t *restrict counts) {
    const cell *normal = scale.normal;
    int places = scale.places;
    int64_t i = 0;
    for (; i + SETS <= n; i += SETS)
        for (int k = 0; k < SETS; k++) counts[k * size + bin_of(normal, places, magnitude(x[i + k]))]++;
    for (; i < n; i++) counts[bin_of(normal, places, magnitude(x[i]))]++;
}

/* The smallest and the largest finite |x| > 0, as bits, which are in the order of the numbers; the largest is 0 where there is none. */
INLINE void extremes(const float *restrict x, int64_t n, int32_t *found) {
    int32_t least = INT32_MAX, most = 0;
    for (int64_t i = 0; i < n; i++) {
        int32_t size = magnitude(x[i]), mask = -((size != 0) & (size < NOT_FINITE)), high = size & mask, low = high | (~mask & INT32_MAX);
        least = low < least ? low : least, most = high > most ? high : most;
    }
    found[0] = least, found[1] = most;
}

/* ---- bins of equal width ---- */

/* The bin of each of n values; `per` is bins / (high - low). What is not finite is given bin `bins`, which is dropped. */
INLINE void linear_bins(const float *restrict x, int64_t n, double low, double per, int32_t bins, int32_t *restrict found) {
    for (int64_t i = 0; i < n; i++) {
        int32_t bin = (int32_t)((x[i] - low) * per);
        bin = bin < 0 ? 0 : bin < bins ? bin : bins - 1;
        found[i] = magnitude(x[i]) < NOT_FINITE ? bin : bins;
    }
}

INLINE void count(const int32_t *restrict bin, int64_t n, int64_t size, int32_t *restrict counts) {
    int64_t i = 0;
    for (; i + SETS <= n; i += SETS)
        for (int k = 0; k < SETS; k++) counts[k * size + bin[i + k]]++;
    for (; i < n; i++) counts[bin[i]]++;
}

/* ---- both ---- */

/* This thread's counters: SETS of bins + 1 linear ones, then SETS of DECADES * bins + 1 fine ones; all 0 between two calls. */
static int32_t *counters(int64_t bins) {
    static _Thread_local int32_t *place;
    static _Thread_local int64_t most;
    if (bins > most) {
        free(place);
        place = needed(calloc(SETS * ((DECADES + 1) * bins + 2), sizeof(int32_t)));
        most = bins;
    }
    return place;
}

/* Adds the sets up, from place first to last, and leaves them at 0 for the next row. */
INLINE void gathered(int32_t *restrict counts, int64_t size, int64_t first, int64_t last, int32_t *restrict out) {
    for (int64_t i = first; i <= last; i++) {
        int32_t sum = 0;
        for (int k = 0; k < SETS; k++) sum += counts[k * size + i], counts[k * size + i] = 0;
        out[i] = sum;
    }
}

EACH_PROCESSOR
void counted(const float *x, int64_t n, double low, double high, tally to) {
    int64_t bins = to.bins, fine = DECADES * bins;
    double per = high > low ? bins / (high - low) : 0.0;
    int32_t range[2], found[CHUNK], *linear_sets = counters(bins), *fine_sets = linear_sets + SETS * (bins + 1);
    for (int64_t i = 0; i < n; i += CHUNK) {
        int64_t some = n - i < CHUNK ? n - i : CHUNK;
        linear_bins(x + i, some, low, per, bins, found);
        count(found, some, bins + 1, linear_sets);
    }
    count_magnitudes(x, n, fine + 1, fine_sets);
    extremes(x, n, range);
    to.reach[0] = 0, to.reach[1] = -1;
    if (range[1]) to.reach[0] = bin_of(scale.normal, scale.places, range[0]), to.reach[1] = bin_of(scale.normal, scale.places, range[1]);
    gathered(linear_sets, bins + 1, 0, bins - 1, to.linear);
    gathered(fine_sets, fine + 1, to.reach[0], to.reach[1], to.fine);
    for (int k = 0; k < SETS; k++) linear_sets[k * (bins + 1) + bins] = 0, fine_sets[k * (fine + 1) + fine] = 0;
}

void merged(const tally *parts, int64_t count, tally to) {
    memset(to.linear, 0, to.bins * sizeof(int32_t));
    to.reach[0] = INT32_MAX, to.reach[1] = -1;
    for (const tally *of = parts; of < parts + count; of++) {
        if (of->reach[1] >= 0 && of->reach[0] < to.reach[0]) to.reach[0] = of->reach[0];
        if (of->reach[1] > to.reach[1]) to.reach[1] = of->reach[1];
        for (int64_t i = 0; i < to.bins; i++) to.linear[i] += of->linear[i];
    }
    if (to.reach[1] < 0) to.reach[0] = 0;
    for (int64_t i = to.reach[0]; i <= to.reach[1]; i++) to.fine[i] = 0;
    for (const tally *of = parts; of < parts + count; of++)
        for (int64_t i = of->reach[0]; i <= of->reach[1]; i++) to.fine[i] += of->fine[i];
}

void on_one_axis(const table *of, int64_t rows, double *axis, int32_t *counts) {
    int64_t bins = of->bins, first = DECADES, last = -1;
    for (const int32_t *reach = of->reach; reach < of->reach + 2 * rows; reach += 2) {
        if (reach[1] < 0) continue;
        first = reach[0] / bins < first ? reach[0] / bins : first, last = reach[1] / bins > last ? reach[1] / bins : last;
    }
    int64_t decades = last - first + 1;
    axis[0] = last < 0 ? -1.0 : first + LEAST_DECADE, axis[1] = last < 0 ? 0.0 : last + 1.0 + LEAST_DECADE;
    memset(counts, 0, rows * bins * sizeof(int32_t));
    for (int64_t row = 0; row < rows; row++, counts += bins) {
        const int32_t *fine = of->fine + row * DECADES * bins, *reach = of->reach + 2 * row;
        for (int64_t i = reach[0]; i <= reach[1];) {
            int64_t bin = (i - first * bins) / decades, end = first * bins + (bin + 1) * decades;
            for (; i < end && i <= reach[1]; i++) counts[bin] += fine[i];
        }
    }
}
