/* The threads that the network's passes run in: OpenMP's, torch's own, which are awake between two layers, while others would take a core
from one that a pass waits for. */

#define _GNU_SOURCE

#include <dlfcn.h>
#include <stdatomic.h>
#include <unistd.h>

#include "native.h"

typedef struct {
    void (*each)(const void *, int64_t);
    const void *of;
    int64_t count;
    _Atomic int64_t next;
} turns;

typedef void (*in_parallel)(void (*)(void *), void *, unsigned threads, unsigned flags);

static void take_turns(void *given) {
    turns *of = given;
    for (int64_t i; (i = atomic_fetch_add(&of->next, 1)) < of->count;) of->each(of->of, i);
}

/* OpenMP's entry where the process has one, and was not forked from one that has used it: its threads are not here, and it would wait for
   them. */
static in_parallel openmp(void) {
    static in_parallel found;
    static pid_t owner;
    if (!owner) owner = getpid(), *(void **)&found = dlsym(RTLD_DEFAULT, "GOMP_parallel");
    return owner == getpid() ? found : 0;
}

void in_turn(int64_t threads, void (*each)(const void *, int64_t), const void *of, int64_t count) {
    turns given = {each, of, count, 0};
    if (threads > 1 && count > 1 && openmp())
        openmp()(take_turns, &given, threads, 0);
    else
        take_turns(&given);
}
