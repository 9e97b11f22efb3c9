/* Margin and exact contributions of rows of features, by tables made beforehand.

   Optional: `scoring/contribution_tables.py` says what the tables are and gives the
   same bits in NumPy. Compiled into a plain shared object when the project is
   installed (`hatch_build.py`) and called through ctypes, without the interpreter's
   lock; it keeps no state, so threads may call it at the same time. */

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define KERNEL_VERSION 4 /* rises whenever `struct tables` or a function changes */

/* bits of a node's kind, as in LightGBM's model text */
enum { MOST_FEATURES = 31 }; /* on the way to a leaf */
enum { LANES = 8 };          /* rows of a table worked out together */
enum { CATEGORICAL = 1, DEFAULT_LEFT = 2, MISSING_ZERO = 4, MISSING_NAN = 8 };

/* a node as a single row meets it on its way: all of it in one look at memory */
struct step {
  double threshold;
  int32_t feature, left, right;
  uint32_t kind;
};

struct tables {
  int32_t n_features, n_nodes, n_leaves, n_trees;
  double base, unit, nearly_zero;
  const int32_t *feature;   /* (nodes,) */
  const double *threshold;  /* (nodes,) */
  const uint8_t *kind;      /* (nodes,) */
  const int32_t *words;     /* (nodes + 1,) */
  const uint32_t *bits;     /* categories that go left */
  const int32_t *left;      /* (nodes,) children; ~i is leaf i */
  const int32_t *right;     /* (nodes,) */
  const int32_t *place;     /* (nodes,) bit of the node's feature on the way to it */
  const uint8_t *is_root;   /* (nodes,) */
  const int32_t *root;      /* (trees,) the first node; ~i is leaf i, all of a tree */
  const double *leaf_value; /* (leaves,) */
  const int64_t *first_row; /* (leaves,) */
  const int32_t *first_part; /* (leaves + 1,) */
  const int32_t *part_feature;
  const double *part_share;
  const double *weight; /* (MOST_FEATURES + 1, MOST_FEATURES) */
  const int64_t *table;
  const struct step *step; /* (nodes,) */
};

int32_t kernel_version(void) { return KERNEL_VERSION; }

static int is_in(const struct tables *t, int32_t node, double x) {
  if (!(x > -1.0 && x < 2147483648.0)) return 0; /* NaN too */
  int32_t code = (int32_t)x, word = t->words[node] + code / 32;
  return word < t->words[node + 1] && (t->bits[word] >> (code % 32) & 1u);
}

/* 1 or 0, without a jump for numbers: which way rows go cannot be foretold */
static uint32_t goes_left(const struct tables *t, int32_t node, uint32_t kind,
                          double threshold, double x) {
  if (kind & CATEGORICAL) return (uint32_t)is_in(t, node, x);
  uint32_t is_nan = x != x;
  uint32_t is_zero = !(fabs(x) > t->nearly_zero); /* NaN too; LightGBM reads 0 */
  double known = is_zero ? 0.0 : x;
  uint32_t is_missing = (is_nan & kind >> 3) | (is_zero & kind >> 2);
  uint32_t is_below = known <= threshold;
  uint32_t by_default = kind >> 1 & 1u;
  return is_below ^ ((is_below ^ by_default) & (is_missing & 1u));
}

/* per leaf the bits of the features in which the row disagrees with its way */
static void disagreements(const struct tables *t, const double *row, uint32_t *at_node,
                          uint32_t *at_leaf) {
  /* a tree of a single leaf has no node: every row reaches it */
  memset(at_leaf, 0, (size_t)t->n_leaves * sizeof *at_leaf);
  for (int32_t node = 0; node < t->n_nodes; node++) { /* parents come first */
    uint32_t mask = t->is_root[node] ? 0u : at_node[node];
    double x = row[t->feature[node]];
    uint32_t is_left = goes_left(t, node, t->kind[node], t->threshold[node], x);
    uint32_t to_left = mask | (1u - is_left) << t->place[node];
    uint32_t to_right = mask | is_left << t->place[node];
    int32_t left = t->left[node], right = t->right[node];
    *(left < 0 ? &at_leaf[~left] : &at_node[left]) = to_left;
    *(right < 0 ? &at_leaf[~right] : &at_node[right]) = to_right;
  }
}

/* `leaf_parts` of contribution_tables.py, step by step, for `n` rows of a table from
   row `first` on: one number a feature. Rows side by side wait less for each other */
static inline void leaf_parts(const struct tables *t, int32_t leaf, uint32_t first,
                              int32_t n, int64_t *parts) {
  int32_t from = t->first_part[leaf], d = t->first_part[leaf + 1] - from;
  const double *share = t->part_share + from, *weight = t->weight + d * MOST_FEATURES;
  double ways[MOST_FEATURES + 1][LANES], agrees[MOST_FEATURES][LANES], total[LANES];
  double value = t->leaf_value[leaf], rest[LANES], of_rest[LANES];
  for (int32_t r = 0; r < n; r++) {
    ways[0][r] = 1.0;
    total[r] = 0.0;
  }
  for (int32_t j = 0; j < d; j++) {
    for (int32_t r = 0; r < n; r++) {
      agrees[j][r] = (first + (uint32_t)r) >> j & 1u ? 0.0 : 1.0;
      ways[j + 1][r] = ways[j][r] * agrees[j][r];
    }
    for (int32_t k = j; k > 0; k--)
      for (int32_t r = 0; r < n; r++)
        ways[k][r] = ways[k][r] * share[j] + ways[k - 1][r] * agrees[j][r];
    for (int32_t r = 0; r < n; r++) ways[0][r] *= share[j];
  }
  for (int32_t k = 0; k < d; k++)
    for (int32_t r = 0; r < n; r++) total[r] += weight[k] * ways[k][r];
  for (int32_t i = 0; i < d; i++) {
    for (int32_t r = 0; r < n; r++) {
      rest[r] = ways[d][r];
      of_rest[r] = weight[d - 1] * rest[r];
    }
    for (int32_t k = d - 1; k > 0; k--)
      for (int32_t r = 0; r < n; r++) {
        rest[r] = ways[k][r] - share[i] * rest[r];
        of_rest[r] += weight[k - 1] * rest[r];
      }
    for (int32_t r = 0; r < n; r++) {
      double agreeing = value * (1.0 - share[i]) * of_rest[r];
      double part = agrees[i][r] != 0.0 ? agreeing : -(value * total[r]);
      parts[r * d + i] = (int64_t)rint(part / t->unit);
    }
  }
}

static double add_up(const struct tables *t, const uint32_t *at_leaf, int64_t *sums) {
  enum { AHEAD = 16 }; /* table rows lie far apart: ask for them early */
  double margin = 0.0;
  for (int32_t leaf = 0; leaf < t->n_leaves; leaf++) {
    if (at_leaf[leaf] == 0) margin += t->leaf_value[leaf]; /* one a tree, in order */
    int32_t first = t->first_part[leaf], width = t->first_part[leaf + 1] - first;
    int64_t parts[MOST_FEATURES];
    const int64_t *row = parts;
    if (t->first_row[leaf] < 0)
      leaf_parts(t, leaf, at_leaf[leaf], 1, parts);
    else
      row = t->table + t->first_row[leaf] + (int64_t)at_leaf[leaf] * width;
#if defined(__GNUC__)
    if (leaf + AHEAD < t->n_leaves && t->first_row[leaf + AHEAD] >= 0) {
      int32_t next = leaf + AHEAD;
      int64_t its = t->first_part[next + 1] - t->first_part[next];
      __builtin_prefetch(t->table + t->first_row[next] + its * at_leaf[next]);
    }
#endif
    for (int32_t k = 0; k < width; k++) sums[t->part_feature[first + k]] += row[k];
  }
  return margin;
}

/* what each row of each leaf's table says, into `table` */
void tabulate(const struct tables *t, int64_t *table) {
  for (int32_t leaf = 0; leaf < t->n_leaves; leaf++) {
    if (t->first_row[leaf] < 0) continue;
    int32_t width = t->first_part[leaf + 1] - t->first_part[leaf];
    int64_t *rows = table + t->first_row[leaf];
    uint32_t n = width > 0 ? 1u << width : 0u, done = 0;
    for (; done + LANES <= n; done += LANES)
      leaf_parts(t, leaf, done, LANES, rows + (int64_t)done * width);
    for (; done < n; done++) leaf_parts(t, leaf, done, 1, rows + (int64_t)done * width);
  }
}

/* the margin of one row, trees added in order as LightGBM does */
double margin(const struct tables *t, const double *row) {
  double sum = 0.0;
  for (int32_t tree = 0; tree < t->n_trees; tree++) {
    int32_t at = t->root[tree];
    while (at >= 0) {
      const struct step *s = &t->step[at];
      at = goes_left(t, at, s->kind, s->threshold, row[s->feature]) ? s->left : s->right;
    }
    sum += t->leaf_value[~at];
  }
  return sum;
}

/* margins (n,) and parts (n, F + 1) of rows (n, F); 0, or -1 without memory */
int32_t explain(const struct tables *t, const double *rows, int64_t n, double *margins,
                double *parts) {
  size_t n_features = (size_t)t->n_features;
  size_t n_masks = (size_t)t->n_nodes + (size_t)t->n_leaves;
  int64_t *sums = malloc((n_features + 1) * sizeof *sums);
  uint32_t *masks = malloc((n_masks + 1) * sizeof *masks);
  int32_t status = sums && masks ? 0 : -1;
  for (int64_t i = 0; status == 0 && i < n; i++) {
    const double *row = rows + (size_t)i * n_features;
    double *part = parts + (size_t)i * (n_features + 1);
    memset(sums, 0, n_features * sizeof *sums);
    disagreements(t, row, masks, masks + t->n_nodes);
    margins[i] = add_up(t, masks + t->n_nodes, sums);
    for (size_t k = 0; k < n_features; k++) part[k] = (double)sums[k] * t->unit;
    part[n_features] = t->base;
  }
  free(sums);
  free(masks);
  return status;
}
