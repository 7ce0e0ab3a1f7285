/* How large the tiles of a contraction are, and in which order they are computed: of all that fit
   the registers, what takes the fewest cycles, counting multiply-adds, loads and what comes from
   beyond L1. */
#include "lower/tile.h"

enum {
  L2_BYTES_A_CYCLE = 32,
  L3_BYTES_A_CYCLE = 8,
  CYCLES_TO_START = 16,   /* and to end a tile; */
  CYCLES_OF_A_BLOCK = 80, /* the same of one block of its k: its sums are loaded and stored */
  WIDEST = 8
};

/* Of the time that loads take, and that bytes from beyond L1 take, what multiply-adds do not hide:
   as measured where another thread used the same caches. */
static const double LOADS_IN_THE_WAY = 0.25, MOVING_IN_THE_WAY = 0.5;

/* The sums, the right operand's vectors, which all rows take, and one of the left. */
static bool fits_registers(const TargetMachine *t, int64_t rows, int64_t vectors) {
  int64_t most = t->vector_registers >= 32 ? 24 : 12;
  return rows * vectors <= most && rows * vectors + vectors + 1 <= t->vector_registers;
}

/* Cycles a k: two multiply-adds and two loads each, but no fewer than a multiply-add takes. */
static double tile_cycles(int64_t rows, int64_t vectors) {
  double work = 0.5 * (double)(rows * vectors), loads = 0.5 * (double)(rows + vectors);
  double cycles = work > loads ? work : loads;
  return (cycles > 4 ? cycles : 4) + loads * LOADS_IN_THE_WAY;
}

/* Tiles of one panel of `vectors`. */
static double panel_cycles(int64_t rows, int64_t tile_rows, int64_t vectors) {
  Spread s = spread_over(rows, tile_rows);
  return (double)s.larger * tile_cycles(s.size + 1, vectors) +
         (double)s.others * tile_cycles(s.size, vectors);
}

/* All tiles. */
static double tiles_cycles(const Sizes *s, Tile tile) {
  Spread panels = spread_over(s->vectors, tile.vectors);
  return (double)panels.larger * panel_cycles(s->rows, tile.rows, panels.size + 1) +
         (double)panels.others * panel_cycles(s->rows, tile.rows, panels.size);
}

/* What is read from beyond L1, in bytes, where k goes in blocks: once for all of the other outputs
   if the operands of all of them in a block stay in L1, in whole lines; once for those that the
   block's index is not added to, if theirs do; else for each. */
static double bytes_of_blocks(const TargetMachine *t, const Sizes *s, Tile tile) {
  int64_t vector = s->lanes * s->bytes, abreast = s->abreast * vector;
  int64_t line = abreast > LINE_BYTES ? abreast : LINE_BYTES;
  int64_t tiles = ceil_div(s->rows, tile.rows) * ceil_div(s->vectors, tile.vectors);
  int64_t one = tile.rows + tile.vectors;
  int64_t all = tile.rows * s->left_spread + tile.vectors * s->right_spread;
  int64_t element = s->block_k / s->abreast * line; /* of the tile in a block */
  double once = (double)(tiles * one * s->k * vector) / (double)s->others;
  if (all * element <= t->l1_bytes * 3 / 4) return once;
  if (one * element <= t->l1_bytes * 7 / 8) return once * (double)all / (double)one;
  return once * (double)s->others;
}

/* Of each of its k rows the lines that it lies in. */
static int64_t bytes_of_panel(const Sizes *s, int64_t vectors, int64_t k) {
  return k * ceil_div(vectors * s->lanes * s->bytes, LINE_BYTES) * LINE_BYTES;
}

/* Some of L1 may be another thread's, and the left operand and the results pass through it. Rows
   that lie apart do not fall on all of its sets alike. */
int64_t most_k_of_panel(const TargetMachine *t, const Sizes *s, int64_t vectors) {
  return t->l1_bytes * (s->panel != 0 ? 5 : 3) / 8 / bytes_of_panel(s, vectors, 1);
}

/* The same at once, when rows (or else panels) are the outer loop: the operand
   that the inner loop runs through is read again in each turn, unless it stays in L1. */
static double bytes_read(const TargetMachine *t, const Sizes *s, Tile tile, bool rows_outside) {
  int64_t left = s->rows * s->left_lanes * s->k * s->bytes,
          right = s->vectors * s->lanes * s->k * s->bytes;
  int64_t row_tiles = ceil_div(s->rows, tile.rows), panels = ceil_div(s->vectors, tile.vectors);
  int64_t panel = bytes_of_panel(s, tile.vectors, s->k);
  if (s->block_k > 0) return bytes_of_blocks(t, s, tile);
  if (rows_outside) {
    bool stays = right <= t->l1_bytes / 2;
    return (double)left + (double)right * (double)(stays ? 1 : row_tiles);
  }
  bool left_stays = left <= t->l1_bytes / 2,
       panel_stays = s->k <= most_k_of_panel(t, s, tile.vectors);
  return (double)(panels * panel) * (double)(panel_stays ? 1 : row_tiles) +
         (double)left * (double)(left_stays ? 1 : panels);
}

/* The same from beyond L2, again after the first time. */
static double bytes_read_again(const TargetMachine *t, const Sizes *s, Tile tile,
                               bool rows_outside) {
  int64_t left = s->rows * s->left_lanes * s->k * s->bytes,
          right = s->vectors * s->lanes * s->k * s->bytes;
  int64_t inner = rows_outside ? right : left;
  int64_t turns = rows_outside ? ceil_div(s->rows, tile.rows) : ceil_div(s->vectors, tile.vectors);
  return s->block_k > 0 || inner <= t->l2_bytes * 3 / 4 ? 0 : (double)(inner * (turns - 1));
}

double cycles_of(const TargetMachine *t, const Sizes *s, Tile tile, bool rows_outside) {
  int64_t tiles = ceil_div(s->rows, tile.rows) * ceil_div(s->vectors, tile.vectors);
  int64_t starting = s->block_k > 0 ? s->k / s->block_k * CYCLES_OF_A_BLOCK : CYCLES_TO_START;
  double cycles = tiles_cycles(s, tile) * (double)s->k + (double)(tiles * starting);
  double moving = bytes_read(t, s, tile, rows_outside) / L2_BYTES_A_CYCLE +
                  bytes_read_again(t, s, tile, rows_outside) / L3_BYTES_A_CYCLE;
  return (cycles > moving ? cycles : moving) + moving * MOVING_IN_THE_WAY;
}

/* The tile and the order of loops that take the fewest cycles; of equal ones the wider tile. */
Tile choose_tile(const TargetMachine *target, const Sizes *s, bool *rows_outside) {
  Tile best = {1, 1};
  double least = 0;
  int64_t widest = s->panel != 0 ? s->panel : s->rows == 1 ? s->vectors : WIDEST;
  for (int64_t v = s->panel != 0 ? s->panel : 1; v <= s->vectors && v <= widest; v++)
    for (int64_t r = 1; r <= s->rows && fits_registers(target, r, v); r++)
      for (int order = 0; order < 2; order++) {
        double cycles = cycles_of(target, s, (Tile){r, v}, order == 0);
        if (least != 0 && cycles > least) continue;
        if (cycles == least && order == 1) continue;
        least = cycles;
        best = (Tile){r, v};
        *rows_outside = order == 0;
      }
  return best;
}
