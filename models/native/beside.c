/* A second thread that measures beside the network's passes: a tensor is handed over where it comes into being, and the pass goes on.

Whoever hands one over sees to it that it stays and is not written to until its ticket is up. The thread starts with the first call, as
this process may have been forked from one that has it. Where nothing comes for a while it sleeps: to wake it takes longer than to measure
a layer, so within a pass it looks for the next one, and gives way to whoever else would compute. */

#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <unistd.h>

#include "native.h"

#define ROOM 8  /* tensors that wait at most: beyond, whoever comes with another one measures it at once */
#define LOOKS 32   /* for the next task before the thread sleeps, of PAUSES each: some 0.3 ms */
#define PAUSES 256

enum { MEASURE, COMPARE, COSINE, SHARES };
typedef struct { int64_t what, with[8]; } task;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t more = PTHREAD_COND_INITIALIZER, fewer = PTHREAD_COND_INITIALIZER;
static task waiting[ROOM];
static _Atomic int64_t handed_over;
static int64_t taken, asleep;
static pid_t owner;

int64_t done; /* tickets up to here are up */

static void pause_briefly(void) {
    for (int i = 0; i < PAUSES; i++)
#if defined(__x86_64__)
        __builtin_ia32_pause();
#else
        atomic_signal_fence(memory_order_seq_cst);
#endif
}

static void carry_out(const task *of) {
    const int64_t *with = of->with;
    if (of->what == MEASURE) measure((void *)with[0], with[1], (void *)with[2], with[3], with[4]);
    if (of->what == COMPARE) compare((void *)with[0], with[1], (void *)with[2], (void *)with[3], with[4], with[5], with[6], (void *)with[7]);
    if (of->what == COSINE) *(double *)with[0] = mean_cosine((void *)with[1], with[2], with[3]);
    if (of->what == SHARES) shares((void *)with[0], with[1], with[2], with[3], (void *)with[4], (void *)with[5], (void *)with[6]);
}

static void *beside(void *unused) {
    pthread_mutex_lock(&lock);
    for (;;) {
        if (taken == handed_over) {
            int64_t seen = taken;
            pthread_mutex_unlock(&lock);
            for (int i = 0; i < LOOKS && atomic_load(&handed_over) == seen; i++) pause_briefly(), sched_yield();
            pthread_mutex_lock(&lock);
        }
        while (taken == handed_over) asleep = 1, pthread_cond_wait(&more, &lock);
        asleep = 0;
        task next = waiting[taken++ % ROOM];
        pthread_mutex_unlock(&lock);
        carry_out(&next);
        pthread_mutex_lock(&lock);
        done = taken;
        if (done == handed_over) pthread_cond_signal(&fewer);
    }
    return unused;
}

/* Whether there is a thread beside this one; started where it is worth one. */
static int started(void) {
    pthread_t thread;
    if (owner == getpid()) return 1;
    if (sysconf(_SC_NPROCESSORS_ONLN) < 2) return 0;
    pthread_mutex_init(&lock, 0), pthread_cond_init(&more, 0), pthread_cond_init(&fewer, 0);
    handed_over = taken = done = asleep = 0;
    if (pthread_create(&thread, 0, beside, 0)) return 0;
    pthread_detach(thread);
    owner = getpid();
    return 1;
}

/* Hands a task over and gives its ticket; 0 where it has been carried out at once. */
int64_t hand_over(int64_t what, int64_t a, int64_t b, int64_t c, int64_t d, int64_t e, int64_t f, int64_t g, int64_t h) {
    task given = {what, {a, b, c, d, e, f, g, h}};
    int64_t ticket = 0;
    if (started()) {
        pthread_mutex_lock(&lock);
        if (handed_over - done < ROOM) {
            waiting[handed_over % ROOM] = given, ticket = ++handed_over;
            if (asleep) asleep = 0, pthread_cond_signal(&more);
        }
        pthread_mutex_unlock(&lock);
    }
    if (!ticket) carry_out(&given);
    return ticket;
}

/* Waits until every task is carried out, and carries out those that nobody has begun. */
void finish(void) {
    if (owner != getpid()) return;
    pthread_mutex_lock(&lock);
    while (taken < handed_over) {
        task next = waiting[--handed_over % ROOM]; /* the newest: the thread's own are the oldest */
        pthread_mutex_unlock(&lock);
        carry_out(&next);
        pthread_mutex_lock(&lock);
    }
    while (done < handed_over) pthread_cond_wait(&fewer, &lock);
    pthread_mutex_unlock(&lock);
}
