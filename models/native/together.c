/* Carries out a list of tasks in several threads.

Each tensor is divided into parts. A part goes to the thread that has the same place in every tensor: torch's passes divide tensors among
the same threads in the same way, so the part is likely to be in that thread's cache. The results of the parts are combined in the order of
the parts, so the number of threads changes no digit. */

#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "native.h"

#define PART 16384 /* the fewest values in a part; a multiple of a sample's block */
#define MOST_PARTS 16

enum { MEASURE, COSINE, SHARES };

/* Fills a row of a table from x (n,), or from x - before where `before` is given; `before` is overwritten by that difference, and then,
   with `keep`, by x. Every step-th block is counted into the histograms; with a step of 1 every value. */
typedef struct {
    const table *of;
    int64_t row;
    const float *x;
    int64_t n, step;
    float *before;
    int64_t keep;
} measurement;

typedef struct { double *out; const float *x; int64_t rows, n; } cosine;
typedef struct { const float *phi; int64_t batch, units, pixels; const double *limits; double *dead, *saturated; } shares;

typedef struct {
    int64_t what;
    union {
        measurement measure;
        cosine cosine;
        shares shares;
    };
} task;

typedef struct job job;
typedef struct part part;

/* How a task is carried out. layout: takes memory for the results of its parts. each: computes one part. end: combines them. */
typedef struct {
    void (*layout)(job *to, char **place, int64_t *bytes);
    void (*each)(const part *one);
    void (*end)(const job *of);
} kind;

/* A task, with the results of its parts. */
struct job {
    task of;
    const kind *by;
    int64_t items, size, count; /* items that are divided (values, rows or examples); items of a part, fewer in the last; parts */
    _Atomic int64_t left;       /* parts that are not done yet */
    union {
        struct { numbers *found; float *sample; tally *tallies; };
        double *sums;                                /* (count, n) */
        struct { int32_t *alive; int64_t *beyond; }; /* (count, units), (count,) */
    };
};

struct part {
    job *of;
    int64_t number, start, n; /* which part of the job, END for combining all of them; its first item; how many */
};

#define END -1

/* `some` bytes at *place, which moves on behind them; *bytes counts them. Without a place it only counts. */
static void *taken(char **place, int64_t *bytes, int64_t some) {
    char *here = *place;
    some = (some + 7) / 8 * 8;
    *bytes += some, *place = here ? here + some : 0;
    return here;
}

/* ---- a measurement ---- */

static int exact(const measurement *of) { return of->step == 1; }

static const float *values(const measurement *of) { return of->before ? of->before : of->x; }

static double *fields(const measurement *of) { return of->of->fields + of->row * FIELDS; }

static tally row_of(const measurement *of) {
    const table *to = of->of;
    int64_t row = of->row, bins = to->bins;
    return (tally){bins, to->linear + row * bins, to->fine + row * DECADES * bins, to->reach + 2 * row};
}

static void keep(const measurement *of, int64_t start, int64_t n) {
    if (of->keep) memcpy(of->before + start, of->x + start, n * sizeof(float));
}

static int64_t sample_size(const measurement *of) {
    int64_t block = of->of->block, blocks = of->n / block;
    return (blocks + of->step - 1) / of->step * block;
}

/* Copies those blocks of the sample that lie in this part to their places in the sample. */
static void take_sample(const measurement *of, int64_t start, int64_t n, float *sample) {
    int64_t block = of->of->block, first = (start / block + of->step - 1) / of->step, last = (start + n) / block;
    for (int64_t i = first; i * of->step < last; i++) memcpy(sample + i * block, values(of) + i * of->step * block, block * sizeof(float));
}

static void measure_layout(job *to, char **place, int64_t *bytes) {
    int64_t bins = to->of.measure.of->bins;
    to->found = taken(place, bytes, to->count * sizeof(numbers));
    if (!exact(&to->of.measure)) {
        to->sample = taken(place, bytes, sample_size(&to->of.measure) * sizeof(float));
        return;
    }
    to->tallies = taken(place, bytes, to->count * sizeof(tally));
    int32_t *counts = taken(place, bytes, to->count * ((DECADES + 1) * bins + 2) * sizeof(int32_t));
    for (int64_t i = 0; counts && i < to->count; i++, counts += (DECADES + 1) * bins + 2)
        to->tallies[i] = (tally){bins, counts, counts + bins, counts + (DECADES + 1) * bins};
}

static void measure_part(const part *one) {
    const measurement *of = &one->of->of.measure;
    if (of->before) difference(of->x + one->start, of->before + one->start, one->n);
    one->of->found[one->number] = numbers_of(values(of) + one->start, one->n);
    if (exact(of)) return;
    take_sample(of, one->start, one->n, one->of->sample);
    keep(of, one->start, one->n);
}

static void measure_end(const job *of) {
    const measurement *to = &of->of.measure;
    double *out = fields(to);
    joined(of->found, of->count, out);
    if (!exact(to)) counted(of->sample, sample_size(to), out[MIN], out[MAX], row_of(to));
}

/* The second step of a measurement whose histograms take every value: only when the smallest and the largest value of all parts are known
   can the linear bins be counted. */
static void count_part(const part *one) {
    const measurement *of = &one->of->of.measure;
    double *range = fields(of);
    counted(values(of) + one->start, one->n, range[MIN], range[MAX], one->of->tallies[one->number]);
    keep(of, one->start, one->n);
}

static void count_end(const job *of) { merged(of->tallies, of->count, row_of(&of->of.measure)); }

/* ---- a mean cosine ---- */

static void cosine_layout(job *to, char **place, int64_t *bytes) {
    to->sums = taken(place, bytes, to->count * to->of.cosine.n * sizeof(double));
}

static void cosine_part(const part *one) {
    const cosine *of = &one->of->of.cosine;
    units(of->x + one->start * of->n, one->n, of->n, one->of->sums + one->number * of->n);
}

static void cosine_end(const job *of) {
    const cosine *to = &of->of.cosine;
    *to->out = mean_cosine(of->sums, of->count, to->rows, to->n);
}

/* ---- shares of dead units and of saturated values ---- */

static void shares_layout(job *to, char **place, int64_t *bytes) {
    to->alive = taken(place, bytes, to->count * to->of.shares.units * sizeof(int32_t));
    to->beyond = taken(place, bytes, to->count * sizeof(int64_t));
}

static void shares_part(const part *one) {
    const shares *of = &one->of->of.shares;
    const float *phi = of->phi + one->start * of->units * of->pixels;
    int32_t *alive = one->of->alive + one->number * of->units;
    one->of->beyond[one->number] = marked(phi, one->n, of->units, of->pixels, of->limits, alive);
}

static void shares_end(const job *of) {
    const shares *to = &of->of.shares;
    int64_t dead = 0, beyond = 0;
    for (int64_t u = 0; u < to->units; u++) {
        int32_t alive = 0;
        for (int64_t i = 0; i < of->count; i++) alive |= of->alive[i * to->units + u];
        dead += !alive;
    }
    for (int64_t i = 0; i < of->count; i++) beyond += of->beyond[i];
    *to->dead = (double)dead / to->units;
    if (to->limits) *to->saturated = (double)beyond / (to->batch * to->units * to->pixels);
}

/* ---- all of them ---- */

static const kind KINDS[] = {[MEASURE] = {measure_layout, measure_part, measure_end}, [COSINE] = {cosine_layout, cosine_part, cosine_end},
                             [SHARES] = {shares_layout, shares_part, shares_end}};
static const kind COUNT = {0, count_part, count_end};

static int in_two_steps(const job *of) { return of->of.what == MEASURE && exact(&of->of.measure); }

static job divided(const task *of) {
    int64_t items = of->measure.n, values = 1; /* of an item */
    if (of->what == COSINE) items = of->cosine.rows, values = of->cosine.n;
    if (of->what == SHARES) items = of->shares.batch, values = of->shares.units * of->shares.pixels;
    int64_t least = (PART + values - 1) / values, size = (items + MOST_PARTS - 1) / MOST_PARTS;
    size = size < least ? least : (size + least - 1) / least * least;
    return (job){.of = *of, .by = KINDS + of->what, .items = items, .size = size, .count = (items + size - 1) / size};
}

/* Lists the parts of all jobs (with `twice` only of those in two steps), thread by thread, then the ENDs. ends[t] is where thread t's parts
   end; ends[threads] is the end of the list. */
static void list(job *jobs, int64_t count, int twice, int64_t threads, part *parts, int64_t *ends) {
    int64_t all = 0;
    for (int64_t t = 0; t <= threads; t++) {
        for (job *of = jobs; of < jobs + count; of++) {
            if (twice && !in_two_steps(of)) continue;
            if (t == threads) {
                parts[all++] = (part){.of = of, .number = END};
                continue;
            }
            of->left = of->count;
            for (int64_t i = of->count * t / threads; i < of->count * (t + 1) / threads; i++) {
                int64_t start = i * of->size, rest = of->items - start;
                parts[all++] = (part){of, i, start, rest < of->size ? rest : of->size};
            }
        }
        ends[t] = all;
    }
}

/* An END waits for the parts of its job, all of which have been begun by then: ENDs come last in the list. */
static void carry_out(const void *parts, int64_t i) {
    const part *one = (const part *)parts + i;
    if (one->number != END) {
        one->of->by->each(one);
        atomic_fetch_sub(&one->of->left, 1);
        return;
    }
    while (atomic_load(&one->of->left)) sched_yield(); /* another thread has it, and may wait for this core */
    one->of->by->end(one->of);
}

/* Memory that is kept from call to call, as much as the largest call took. Where there is none the process ends, as it would where the
   tensors themselves did not fit. */
typedef struct {
    void *place;
    int64_t size;
} kept;

static void *room(kept *of, int64_t bytes) {
    if (bytes > of->size) {
        free(of->place);
        if (!(of->place = malloc(bytes))) abort();
        of->size = bytes;
    }
    return of->place;
}

void together(const task *tasks, int64_t count, int64_t threads) {
    static kept for_jobs, for_parts, for_findings;
    int64_t all = 0, twice = 0, bytes = 0, ends[threads + 1];
    char *place = 0;
    job *jobs = room(&for_jobs, count * sizeof(job));
    for (job *of = jobs; of < jobs + count; of++) {
        *of = divided(tasks + (of - jobs));
        if (of->of.what == MEASURE) prepare(of->of.measure.of->bins);
        all += of->count + 1, twice += in_two_steps(of);
        of->by->layout(of, &place, &bytes);
    }
    place = room(&for_findings, bytes);
    for (job *of = jobs; of < jobs + count; of++) of->by->layout(of, &place, &bytes);
    part *parts = room(&for_parts, all * sizeof(part));
    list(jobs, count, 0, threads, parts, ends);
    in_places(threads, ends, carry_out, parts);
    if (!twice) return;
    for (job *of = jobs; of < jobs + count; of++) of->by = &COUNT;
    list(jobs, count, 1, threads, parts, ends);
    in_places(threads, ends, carry_out, parts);
}
