/* The batches of training, in their order. Where a processor is left over and making a batch takes
   a while, a thread of its own makes them ahead, a few of them. */
#include "runtime.h"
#include <stdlib.h>

#define DAGRT_WORTH_SECONDS 4e-6 /* that making a batch takes, for a helper */

enum {
  DAGRT_TRIED = 8,             /* batches are timed first */
  DAGRT_AHEAD_BYTES = 2 << 20, /* of batches, at most */
  DAGRT_MOST_AHEAD = 16
};

#ifndef __wasi__
#include <pthread.h>
#include <sched.h>

#define DAGRT_SPIN_SECONDS 2e-4 /* before it sleeps: to wake a thread costs microseconds */

/* Batch k of the feed is in place k % n once `holds` says so. The caller takes what is there, and
   makes itself what is not, so that it never waits for a thread that gets no processor; that thread
   goes on with what comes next. */
struct dagrt_helper {
  pthread_t thread;
  pthread_mutex_t lock;
  pthread_cond_t changed;
  const dagrt_dataset *set;
  uint64_t seed;
  int64_t first, n; /* the place of batch 0 in all epochs; of the ring */
  dagrt_batch batches[DAGRT_MOST_AHEAD];
  int64_t holds[DAGRT_MOST_AHEAD]; /* -1: nothing */
  int64_t asked;                   /* the number of the batch that the caller has; -1 */
  int32_t sleeps, stopped;
};

static void dagrt_make(const dagrt_dataset *set, dagrt_batch *batch, uint64_t seed,
                       int64_t number) {
  int64_t batches = set->count / set->batch;
  dagrt_batch_shuffled(batch, set, seed, number / batches, number % batches);
}

/* The next batch to make, after `last`: its place is free when the caller has asked for the one
   after that which was there. -1: there is none. */
static int64_t dagrt_next(struct dagrt_helper *h, int64_t last) {
  int64_t asked = __atomic_load_n(&h->asked, __ATOMIC_SEQ_CST);
  int64_t next = last < asked ? asked + 1 : last + 1;
  return next < asked + h->n ? next : -1;
}

/* Waits for a batch to make; -1: the feed ends. For a while it asks again and again, and lets
   others have the processor; a thread that is about to sleep says so before it looks once more. */
static int64_t dagrt_await(struct dagrt_helper *h, int64_t last) {
  double until = dagrt_seconds() + DAGRT_SPIN_SECONDS;
  int64_t next = dagrt_next(h, last);
  while (next < 0 && dagrt_seconds() < until && !__atomic_load_n(&h->stopped, __ATOMIC_SEQ_CST)) {
    sched_yield();
    next = dagrt_next(h, last);
  }
  if (next >= 0) return next;
  pthread_mutex_lock(&h->lock);
  __atomic_store_n(&h->sleeps, 1, __ATOMIC_SEQ_CST);
  while (!h->stopped && (next = dagrt_next(h, last)) < 0) pthread_cond_wait(&h->changed, &h->lock);
  __atomic_store_n(&h->sleeps, 0, __ATOMIC_SEQ_CST);
  int64_t found = h->stopped ? -1 : next;
  pthread_mutex_unlock(&h->lock);
  return found;
}

static void dagrt_wake(struct dagrt_helper *h, int stop) {
  if (!stop && !__atomic_load_n(&h->sleeps, __ATOMIC_SEQ_CST)) return;
  pthread_mutex_lock(&h->lock);
  if (stop) __atomic_store_n(&h->stopped, 1, __ATOMIC_SEQ_CST);
  pthread_cond_signal(&h->changed);
  pthread_mutex_unlock(&h->lock);
}

static void *dagrt_help(void *argument) {
  struct dagrt_helper *h = argument;
  int64_t number = -1;
  while ((number = dagrt_await(h, number)) >= 0) {
    dagrt_make(h->set, &h->batches[number % h->n], h->seed, h->first + number);
    __atomic_store_n(&h->holds[number % h->n], number, __ATOMIC_RELEASE);
  }
  return NULL;
}

static int64_t dagrt_batch_bytes(const dagrt_dataset *set) {
  int64_t bytes = 0;
  for (int32_t i = 0; i < set->n; i++) bytes += set->batch * (int64_t)set->rows[i].row_bytes;
  return bytes;
}

static void dagrt_helper_free(struct dagrt_helper *h) {
  for (int64_t i = 0; i < h->n; i++) dagrt_batch_free(&h->batches[i], h->set);
  pthread_mutex_destroy(&h->lock);
  pthread_cond_destroy(&h->changed);
  free(h);
}

/* NULL: there can be no thread, or no room for two batches. */
static struct dagrt_helper *dagrt_helper_begin(const dagrt_feed *feed, int64_t first) {
  int64_t n = DAGRT_AHEAD_BYTES / (dagrt_batch_bytes(feed->set) + 1);
  if (n < 2) return NULL;
  struct dagrt_helper *h = dagrt_allocate(1, sizeof *h);
  h->set = feed->set;
  h->seed = feed->seed;
  h->first = first;
  h->asked = -1;
  h->n = n < DAGRT_MOST_AHEAD ? n : DAGRT_MOST_AHEAD;
  for (int64_t i = 0; i < h->n; i++) {
    dagrt_batch_make(&h->batches[i], feed->set);
    h->holds[i] = -1;
  }
  pthread_mutex_init(&h->lock, NULL);
  pthread_cond_init(&h->changed, NULL);
  if (pthread_create(&h->thread, NULL, dagrt_help, h) == 0) return h;
  dagrt_helper_free(h);
  return NULL;
}

/* NULL: it is not there. */
static const dagrt_batch *dagrt_helper_next(struct dagrt_helper *h) {
  int64_t number = __atomic_add_fetch(&h->asked, 1, __ATOMIC_SEQ_CST);
  dagrt_wake(h, 0);
  int64_t held = __atomic_load_n(&h->holds[number % h->n], __ATOMIC_ACQUIRE);
  return held == number ? &h->batches[number % h->n] : NULL;
}

static void dagrt_helper_end(struct dagrt_helper *h) {
  dagrt_wake(h, 1);
  pthread_join(h->thread, NULL);
  dagrt_helper_free(h);
}
#else
static struct dagrt_helper *dagrt_helper_begin(const dagrt_feed *feed, int64_t first) {
  (void)feed, (void)first;
  return NULL;
}
static const dagrt_batch *dagrt_helper_next(struct dagrt_helper *h) {
  (void)h;
  return NULL;
}
static void dagrt_helper_end(struct dagrt_helper *h) { (void)h; }
#endif

void dagrt_feed_begin(dagrt_feed *feed, const dagrt_dataset *set, uint64_t seed) {
  *feed = (dagrt_feed){.set = set, .seed = seed};
  dagrt_batch_make(&feed->own, set);
}

const void *const *dagrt_feed_next(dagrt_feed *feed, int64_t epoch, int64_t position, int spare) {
  const dagrt_batch *ready = feed->helper != NULL ? dagrt_helper_next(feed->helper) : NULL;
  if (ready != NULL) return ready->inputs;
  int timed = spare && feed->tried < DAGRT_TRIED;
  double begun = timed ? dagrt_seconds() : 0;
  dagrt_batch_shuffled(&feed->own, feed->set, feed->seed, epoch, position);
  if (!timed) return feed->own.inputs;
  double taken = dagrt_seconds() - begun;
  if (feed->tried++ == 0 || taken < feed->least) feed->least = taken;
  if (feed->tried == DAGRT_TRIED && feed->least >= DAGRT_WORTH_SECONDS)
    feed->helper =
        dagrt_helper_begin(feed, epoch * (feed->set->count / feed->set->batch) + position + 1);
  return feed->own.inputs;
}

void dagrt_feed_end(dagrt_feed *feed) {
  if (feed->helper != NULL) dagrt_helper_end(feed->helper);
  dagrt_batch_free(&feed->own, feed->set);
}
