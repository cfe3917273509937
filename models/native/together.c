/* Carries out a list of tasks in several threads. Large tensors are taken in parts, whose numbers are put together in their order: how many
threads there are changes no digit. */

#include <stdlib.h>
#include <string.h>

#include "native.h"

#define PART 16384 /* values of a part, at least */
#define MOST_PARTS 16

enum { MEASURE, COSINE, SHARES };

/* A row of a table from x (n,); where `before` is given from its difference to x, which takes its place, or with `keep` x does. */
typedef struct {
    const table *of;
    int64_t row;
    const float *x;
    int64_t n, step;
    float *before;
    int64_t keep;
} measurement;

typedef struct {
    int64_t what;
    union {
        measurement measure;
        struct { double *out; const float *x; int64_t rows, n; } cosine;
        struct { const float *phi; int64_t batch, units, pixels; const double *limits; double *dead, *saturated; } shares;
    };
} task;

/* Some values of a measurement, or all of another task. */
typedef struct {
    const task *of;
    int64_t start, n;
} part;

/* Tasks, the number of the first part of each and of all, and what is found of each part: its sums, and if it is exact its counts. */
typedef struct {
    const task *tasks;
    int64_t count, *first;
    part *parts;
    sums *found;
    tally *tallies;
} work;

static int64_t part_size(const task *of) {
    int64_t n = of->measure.n;
    return n <= PART * MOST_PARTS ? PART : (n + MOST_PARTS - 1) / MOST_PARTS;
}

static int64_t part_count(const task *of) {
    return of->what == MEASURE ? (of->measure.n + part_size(of) - 1) / part_size(of) : 1;
}

/* Whether every value is counted, and that in parts. */
static int exact(const task *of) { return part_count(of) > 1 && of->measure.step == 1; }

static const float *values(const task *of) { return of->measure.before ? of->measure.before : of->measure.x; }

static double *fields(const task *of) { return of->measure.of->fields + of->measure.row * FIELDS; }

static tally row_of(const task *of) {
    const table *to = of->measure.of;
    int64_t row = of->measure.row, bins = to->bins;
    return (tally){bins, to->linear + row * bins, to->fine + row * DECADES * bins, to->reach + 2 * row, to->extremes + 2 * row};
}

static void sum_up(const void *given, int64_t i) {
    const work *of = given;
    const part *one = of->parts + i;
    const task *t = one->of;
    if (t->what == COSINE) {
        *t->cosine.out = mean_cosine(t->cosine.x, t->cosine.rows, t->cosine.n);
    } else if (t->what == SHARES) {
        shares(t->shares.phi, t->shares.batch, t->shares.units, t->shares.pixels, t->shares.limits, t->shares.dead, t->shares.saturated);
    } else {
        if (t->measure.before) difference(t->measure.x + one->start, t->measure.before + one->start, one->n);
        part_sums(values(t) + one->start, one->n, of->found + i);
    }
}

static void count_values(const part *one, tally to) {
    const measurement *of = &one->of->measure;
    counted(values(one->of) + one->start, one->n, of->step, of->of->block, fields(one->of)[MIN], fields(one->of)[MAX], to);
}

static void keep(const task *of) {
    if (of->measure.keep) memcpy(of->measure.before, of->measure.x, of->measure.n * sizeof(float));
}

/* What follows from the sums of all parts. */
static void complete(const void *given, int64_t t) {
    const work *of = given;
    const task *one = of->tasks + t;
    if (one->what != MEASURE) return;
    moments_of(values(one), one->measure.n, of->found + of->first[t], part_count(one), fields(one));
    if (exact(one)) return;
    count_values(&(part){one, 0, one->measure.n}, row_of(one));
    keep(one);
}

static void count_part(const void *given, int64_t i) {
    const work *of = given;
    if (exact(of->parts[i].of)) count_values(of->parts + i, of->tallies[i]);
}

static void put_together(const void *given, int64_t t) {
    const work *of = given;
    if (!exact(of->tasks + t)) return;
    merged(of->tallies + of->first[t], part_count(of->tasks + t), row_of(of->tasks + t));
    keep(of->tasks + t);
}

/* Room that is kept from call to call, as much as the largest took. Without memory for it the process ends, as it would where the tensors
   themselves did not fit. */
static void *room(int64_t bytes) {
    static void *place;
    static int64_t size;
    if (bytes > size) {
        free(place);
        if (!(place = malloc(bytes))) abort();
        size = bytes;
    }
    return place;
}

static int64_t ints(const task *of) { return exact(of) ? (DECADES + 1) * of->measure.of->bins + 4 : 0; }

static tally tally_in(int32_t *place, int64_t bins) {
    int32_t *fine = place + bins, *reach = fine + DECADES * bins;
    return (tally){bins, place, fine, reach, reach + 2};
}

static work divided(const task *tasks, int64_t count) {
    int64_t all = 0, bytes = (count + 1) * sizeof(int64_t);
    for (const task *t = tasks; t < tasks + count; t++) {
        all += part_count(t);
        bytes += part_count(t) * (sizeof(part) + sizeof(sums) + sizeof(tally) + ints(t) * sizeof(int32_t));
    }
    work of = {.tasks = tasks, .count = count, .first = room(bytes)};
    of.parts = (part *)(of.first + count + 1), of.found = (sums *)(of.parts + all), of.tallies = (tally *)(of.found + all);
    int32_t *counts = (int32_t *)(of.tallies + all);
    int64_t i = 0;
    for (const task *t = tasks; t < tasks + count; t++) {
        of.first[t - tasks] = i;
        for (int64_t start = 0, end = i + part_count(t); i < end; i++, start += part_size(t), counts += ints(t)) {
            int64_t left = t->measure.n - start;
            of.parts[i] = (part){t, start, left < part_size(t) ? left : part_size(t)};
            if (exact(t)) of.tallies[i] = tally_in(counts, t->measure.of->bins);
        }
    }
    of.first[count] = all;
    return of;
}

void together(const task *tasks, int64_t count, int64_t threads) {
    work of = divided(tasks, count);
    int64_t parts = of.first[count], exactly = 0;
    for (int64_t t = 0; t < count; t++) exactly += exact(tasks + t);
    in_turn(threads, sum_up, &of, parts);
    in_turn(threads, complete, &of, count);
    if (!exactly) return;
    in_turn(threads, count_part, &of, parts);
    in_turn(threads, put_together, &of, count);
}
