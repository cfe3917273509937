/* Carries out a list of tasks in as many threads as the network's passes have. These are OpenMP's, torch's own, which are awake between two
layers, while threads of our own would take a core from one that a pass waits for.

Large tensors are taken in parts, whose numbers are put together in their order: how many threads there are changes no digit. */

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "native.h"

#define PART 16384 /* values of a part, at least */
#define MOST_PARTS 16

#define IN_TURN _Pragma("omp parallel for schedule(dynamic, 1) num_threads(threads)")

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

static void sum_up(const part *one, sums *found) {
    const task *of = one->of;
    if (of->what == COSINE) {
        *of->cosine.out = mean_cosine(of->cosine.x, of->cosine.rows, of->cosine.n);
    } else if (of->what == SHARES) {
        shares(of->shares.phi, of->shares.batch, of->shares.units, of->shares.pixels, of->shares.limits, of->shares.dead, of->shares.saturated);
    } else {
        if (of->measure.before) difference(of->measure.x + one->start, of->measure.before + one->start, one->n);
        part_sums(values(of) + one->start, one->n, found);
    }
}

static void count_up(const part *one, tally to) {
    const measurement *of = &one->of->measure;
    counted(values(one->of) + one->start, one->n, of->step, of->of->block, fields(one->of)[MIN], fields(one->of)[MAX], to);
}

static void keep(const task *of) {
    if (of->measure.keep) memcpy(of->measure.before, of->measure.x, of->measure.n * sizeof(float));
}

/* What follows from the sums of all parts. */
static void complete(const task *of, const sums *found) {
    if (of->what != MEASURE) return;
    moments_of(values(of), of->measure.n, found, part_count(of), fields(of));
    if (exact(of)) return;
    count_up(&(part){of, 0, of->measure.n}, row_of(of));
    keep(of);
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

static int64_t ints(const table *of) { return (DECADES + 1) * of->bins + 4; }

static tally tally_in(int32_t *place, int64_t bins) {
    int32_t *fine = place + bins, *reach = fine + DECADES * bins;
    return (tally){bins, place, fine, reach, reach + 2};
}

/* One of a process that was forked from one which has had threads: OpenMP would wait for those. */
static int64_t safe(int64_t threads) {
    static pid_t owner;
    if (!owner) owner = getpid();
    return owner == getpid() ? threads : 1;
}

void together(const task *tasks, int64_t count, int64_t threads) {
    threads = safe(threads);
    int64_t first[count + 1], bytes = 0, exactly = 0;
    first[0] = 0;
    for (int64_t t = 0; t < count; t++) {
        int64_t some = part_count(tasks + t);
        first[t + 1] = first[t] + some, exactly += exact(tasks + t);
        bytes += some * (sizeof(part) + sizeof(sums) + sizeof(tally));
        if (exact(tasks + t)) bytes += some * ints(tasks[t].measure.of) * sizeof(int32_t);
    }
    part *parts = room(bytes);
    sums *found = (sums *)(parts + first[count]);
    tally *tallies = (tally *)(found + first[count]);
    int32_t *counts = (int32_t *)(tallies + first[count]);
    for (int64_t t = 0; t < count; t++)
        for (int64_t i = first[t]; i < first[t + 1]; i++) {
            int64_t start = (i - first[t]) * part_size(tasks + t), end = start + part_size(tasks + t), n = tasks[t].measure.n;
            parts[i] = (part){tasks + t, start, (end < n ? end : n) - start};
            if (exact(tasks + t)) tallies[i] = tally_in(counts, tasks[t].measure.of->bins), counts += ints(tasks[t].measure.of);
        }
    IN_TURN
    for (int64_t i = 0; i < first[count]; i++) sum_up(parts + i, found + i);
    IN_TURN
    for (int64_t t = 0; t < count; t++) complete(tasks + t, found + first[t]);
    if (!exactly) return;
    IN_TURN
    for (int64_t i = 0; i < first[count]; i++)
        if (exact(parts[i].of)) count_up(parts + i, tallies[i]);
    IN_TURN
    for (int64_t t = 0; t < count; t++)
        if (exact(tasks + t)) merged(tallies + first[t], first[t + 1] - first[t], row_of(tasks + t)), keep(tasks + t);
}
