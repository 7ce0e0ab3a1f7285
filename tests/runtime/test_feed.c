/* The feed gives the batches of the epochs one after the other, whoever makes them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "runtime.h"

/* bytes that become doubles: making a batch takes long enough for a helper */
enum { ROWS = 50, BATCH = 7, WIDTH = 3000, ROW_BYTES = WIDTH * (int)sizeof(double) };

static dag_input row_input = {.array = {.name = "x", .type = DAG_F64, .rank = 1}};
static dagrt_rows rows;
static dagrt_dataset set = {.rows = &rows, .n = 1, .count = ROWS, .batch = BATCH};

static int setup(void **state) {
  (void)state;
  rows = (dagrt_rows){.input = &row_input, .width = WIDTH, .row_bytes = ROW_BYTES, .in_bytes = 1};
  rows.data = malloc(ROWS * WIDTH);
  if (rows.data == NULL) return 1;
  for (int i = 0; i < ROWS * WIDTH; i++) rows.data[i] = (unsigned char)(i * 7 + i / WIDTH);
  return 0;
}

static int teardown(void **state) {
  (void)state;
  free(rows.data);
  return 0;
}

static void pause_for(long nanoseconds) {
  struct timespec time = {0, nanoseconds};
  nanosleep(&time, NULL);
}

/* From the third batch of the second epoch on, with steps of no time, and some so long that the
   helper sleeps. */
static int same_batches(int spare, int64_t count) {
  dagrt_feed feed;
  dagrt_batch expected;
  dagrt_batch_make(&expected, &set);
  dagrt_feed_begin(&feed, &set, 3);
  int64_t epoch = 1, position = 2, batches = ROWS / BATCH;
  for (int64_t k = 0; k < count; k++) {
    const void *const *inputs = dagrt_feed_next(&feed, epoch, position, spare);
    dagrt_batch_shuffled(&expected, &set, 3, epoch, position);
    assert_memory_equal(inputs[0], expected.inputs[0], BATCH * ROW_BYTES);
    if (k % 50 == 49) pause_for(1000000);
    if (++position == batches) epoch++, position = 0;
  }
  int helped = feed.helper != NULL;
  dagrt_feed_end(&feed);
  dagrt_batch_free(&expected, &set);
  return helped;
}

static void test_without_a_spare_processor(void **state) {
  (void)state;
  assert_false(same_batches(0, 300));
}

static void test_with_a_helper(void **state) {
  (void)state;
  assert_true(same_batches(1, 3000));
}

/* A feed ends while its helper waits for room, or has not begun. */
static void test_ends_at_any_time(void **state) {
  (void)state;
  for (int64_t count = 0; count < 40; count++) same_batches(1, count);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_without_a_spare_processor),
      cmocka_unit_test(test_with_a_helper),
      cmocka_unit_test(test_ends_at_any_time),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
