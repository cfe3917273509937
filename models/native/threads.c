/* Runs work in the threads that the network's passes run in: OpenMP's, which torch uses too. They are awake between two layers; threads of
our own would take a core from one that the pass waits for. */

#define _GNU_SOURCE

#include <dlfcn.h>
#include <stdatomic.h>
#include <unistd.h>

#include "native.h"

typedef struct {
    void (*each)(const void *, int64_t);
    const void *of;
    int64_t threads;
    _Atomic int64_t *next;
    const int64_t *ends;
    int (*number)(void);
} places;

typedef void (*in_parallel)(void (*)(void *), void *, unsigned threads, unsigned flags);

static void take(void *given) {
    const places *of = given;
    int64_t mine = of->number ? of->number() : 0;
    for (int64_t k = 0; k < of->threads; k++) {
        int64_t place = (mine + k) % of->threads;
        for (int64_t i; (i = atomic_fetch_add(of->next + place, 1)) < of->ends[place];) of->each(of->of, i);
    }
    for (int64_t i; (i = atomic_fetch_add(of->next + of->threads, 1)) < of->ends[of->threads];) of->each(of->of, i);
}

/* OpenMP's function that starts a parallel region; none where the process has no OpenMP, or was forked from one that has used it: a fork
   has none of its parent's threads, and OpenMP would wait for them for ever. `number` becomes the function that gives a thread's number. */
static in_parallel openmp(int (**number)(void)) {
    static in_parallel found;
    static int (*which)(void);
    static pid_t owner;
    if (!owner) {
        owner = getpid();
        *(void **)&found = dlsym(RTLD_DEFAULT, "GOMP_parallel"), *(void **)&which = dlsym(RTLD_DEFAULT, "omp_get_thread_num");
    }
    *number = which;
    return owner == getpid() && which ? found : 0;
}

void in_places(int64_t threads, const int64_t *ends, void (*each)(const void *, int64_t), const void *of) {
    _Atomic int64_t next[threads + 1];
    for (int64_t t = 0; t <= threads; t++) next[t] = t ? ends[t - 1] : 0;
    places given = {each, of, threads, next, ends, 0};
    in_parallel parallel = threads > 1 ? openmp(&given.number) : 0;
    if (parallel)
        parallel(take, &given, threads, 0);
    else
        given.number = 0, take(&given);
}
