/* Carries out a list of tasks in several threads. Tensors are taken in parts, and a part by the thread that has its place in every tensor:
the pass divides them among the same threads in the same way, so that it is in that one's cache. What is found of the parts is put together
in their order, by whoever is free then: how many threads there are changes no digit. */

#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "native.h"

#define PART 16384 /* values of a part, at least; whole blocks of a sample */
#define MOST_PARTS 16

enum { MEASURE, COSINE, SHARES };

/* A row of a table from x (n,); where `before` is given from its difference to x, which takes its place, or with `keep` x does. Every
   step-th whole block is counted, and every value with a step of 1. */
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

/* How a task is carried out: what room its findings take, each of its parts, and what follows from all of them. */
typedef struct {
    void (*layout)(job *to, char **place, int64_t *bytes);
    void (*each)(const part *one);
    void (*end)(const job *of);
} kind;

/* A task, and what is found of its parts. */
struct job {
    task of;
    const kind *by;
    int64_t items, size, count; /* what is divided; of a part, but for the last; parts */
    _Atomic int64_t left;       /* parts to come */
    union {
        struct { numbers *found; float *sample; tally *tallies; };
        double *sums;                                /* (count, n) */
        struct { int32_t *alive; int64_t *beyond; }; /* (count, units), (count,) */
    };
};

struct part {
    job *of;
    int64_t number, start, n; /* of the part, END of what follows from all of them; its items */
};

#define END -1

/* So many bytes at a place that moves on. Without a place it only counts. */
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

/* The part's blocks of the sample, in their place. */
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

/* Of exact ones, when the extremes are known between which they are counted. */
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

/* All parts of the jobs, or with `twice` of those in two steps, thread by thread, then their ends; and where each thread's end. */
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

/* All parts are begun before the first end is. */
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

/* Room that is kept from call to call, as much as the largest took. Without memory for it the process ends, as it would where the tensors
   themselves did not fit. */
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
