/* The leaves of one customer's features: counts, sums, extremes and latest values.

   Optional, and no second definition of a feature: what is counted over which rows is a
   plan made from the catalogue's values (`features/online/leaf_kernel.py`). NumPy and
   plain Python (`features/online/windows.py`) find the same leaves to the last bit, and
   answer where a sum would not fit here.

   Compiled when the project is installed (`hatch_build.py`) and called through ctypes.
   It keeps nothing from one call to the next, so threads may share a plan. */

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define KERNEL_VERSION 2 /* rises whenever a struct or a function changes */

enum { FOUND = 0, ODD = 1, NO_MEMORY = -1 };
enum { EVENT_AT, KNOWN_AT, SUPERSEDED_AT };
enum type { INTEGER, NUMBER, TEXT };
enum op { IS_TEXT, IS_ONE_OF, IS_NUMBER, IS_ABOVE, IS_PRESENT, IS_NOT, ARE_BOTH };
enum how { COUNT, SUM, GATHER, MAX, MIN, SPREAD, DISTINCT, FIRST_MOMENT, LAST_MOMENT };
enum as { VALUE, EQUALS, CATEGORY };

#define MISSING INT64_MIN
#define NO_CODE (-1)

/* a column that is looked at: its place among those of the table, and its type */
struct column {
  int64_t place, type;
};

/* a filter; it may name the lines of filters before it. Line 0 is every row */
struct step {
  int64_t op, column, one, other, first_code, n_codes;
};

struct leaf {
  int64_t to, how, column, line, start, end; /* from the age numbered `start` to `end` */
};

/* the latest row, or the one `back` before it, or the latest that has the value */
struct latest {
  int64_t column, back, looks_on;
};

/* its columns begin with event_at, known_at and superseded_at; others count from them */
struct table {
  int64_t first_column, first_age, n_ages, first_step, n_steps, first_leaf, n_leaves,
      first_latest, n_latest;
};

struct value {
  int64_t to, latest, as, first_code, n_codes; /* codes: the one, or the vocabulary */
};

struct mismatch {
  int64_t to, one, other; /* latest values */
};

struct plan {
  const struct table *tables;
  const struct step *steps;
  const struct leaf *leaves;
  const struct latest *latest;
  const struct value *values;
  const struct mismatch *mismatches;
  const int64_t *ages, *codes; /* ages in microseconds */
  const double *empty;         /* each leaf for a customer without rows */
  int64_t n_tables, n_leaves, n_latest, n_values, n_mismatches;
};

/* the rows: blocks of cells, column after column, and where each table's block begins.
   `codes` tells the code of a text by its number, equal for equal texts */
struct rows {
  const int64_t *cells, *firsts, *n_rows, *codes;
  const struct column *columns;
  int64_t n_codes;
};

struct cell {
  int64_t bits, type; /* of a text its code */
  int is_there;
};

/* the known rows of a table */
struct known {
  int64_t n;
  int64_t *row;
  uint64_t *passes; /* by line, a bit each */
  int64_t *younger; /* of each age the first row that is younger */
  int32_t *seen;    /* by code: the leaf that saw it last */
};

int32_t kernel_version(void) { return KERNEL_VERSION; }

static double number_of(int64_t bits) {
  double number;
  memcpy(&number, &bits, sizeof number);
  return number;
}

static int64_t code_of(const struct rows *r, int64_t text) {
  return text < 0 ? NO_CODE : r->codes ? r->codes[text] : text;
}

static struct cell cell_at(const struct rows *r, const struct column *c,
                           const int64_t *block, int64_t n, int64_t row) {
  struct cell cell = {block[c->place * n + row], c->type, 1};
  if (c->type == INTEGER)
    cell.is_there = cell.bits != MISSING;
  else if (c->type == NUMBER)
    cell.is_there = !isnan(number_of(cell.bits));
  else {
    cell.bits = code_of(r, cell.bits);
    cell.is_there = cell.bits != NO_CODE;
  }
  return cell;
}

/* the place of a code in a list, else -1 */
static int64_t place_of(const struct plan *p, int64_t first, int64_t n, int64_t code) {
  for (int64_t i = 0; i < n; i++)
    if (p->codes[first + i] == code) return i;
  return -1;
}

static int passes(const struct plan *p, const struct step *s, struct cell cell,
                  uint64_t so_far) {
  switch (s->op) {
    case IS_TEXT: return cell.is_there && cell.bits == p->codes[s->first_code];
    case IS_ONE_OF:
      return cell.is_there && place_of(p, s->first_code, s->n_codes, cell.bits) >= 0;
    case IS_NUMBER: return cell.is_there && number_of(cell.bits) == (double)s->one;
    case IS_ABOVE:
      if (!cell.is_there) return 0;
      return cell.type == INTEGER ? cell.bits > s->one
                                  : number_of(cell.bits) > (double)s->one;
    case IS_PRESENT: return cell.is_there;
    case IS_NOT: return !(so_far >> s->one & 1);
    default: return (int)(so_far >> s->one & so_far >> s->other & 1);
  }
}

static void finds_known(const struct plan *p, const struct rows *r, const struct table *t,
                        const int64_t *block, int64_t n, int64_t as_of, struct known *k) {
  const struct column *columns = r->columns + t->first_column;
  const int64_t *event_at = block + columns[EVENT_AT].place * n;
  const int64_t *known_at = block + columns[KNOWN_AT].place * n;
  const int64_t *superseded_at = block + columns[SUPERSEDED_AT].place * n;
  k->n = 0;
  for (int64_t row = 0; row < n; row++)
    if (known_at[row] <= as_of && superseded_at[row] > as_of) k->row[k->n++] = row;
  for (int64_t i = 0; i < k->n; i++) {
    uint64_t lines = 1;
    for (int64_t j = 0; j < t->n_steps; j++) {
      const struct step *s = &p->steps[t->first_step + j];
      struct cell cell = {0, INTEGER, 0};
      if (s->column >= 0)
        cell = cell_at(r, &columns[s->column], block, n, k->row[i]);
      if (passes(p, s, cell, lines)) lines |= UINT64_C(1) << (j + 1);
    }
    k->passes[i] = lines;
  }
  for (int64_t j = 0; j < t->n_ages; j++) { /* rows are sorted by event_at */
    int64_t since = as_of - p->ages[t->first_age + j], low = 0, high = k->n;
    while (low < high) {
      int64_t middle = low + (high - low) / 2;
      if (event_at[k->row[middle]] > since)
        high = middle;
      else
        low = middle + 1;
    }
    k->younger[j] = low;
  }
}

/* how often, or of which moment, whatever the values */
static double counted(const struct leaf *f, const struct known *k, const int64_t *event_at,
                      double empty) {
  int64_t count = 0, last = -1;
  int is_moment = f->how == FIRST_MOMENT || f->how == LAST_MOMENT;
  int64_t end = is_moment ? k->n : k->younger[f->end];
  for (int64_t i = k->younger[f->start]; i < end; i++) {
    if (!(k->passes[i] >> f->line & 1)) continue;
    last = i;
    count++;
    if (f->how == FIRST_MOMENT) break;
  }
  if (!is_moment) return (double)count;
  return last < 0 ? empty : (double)event_at[k->row[last]];
}

static double distinct(const struct rows *r, const struct leaf *f, const struct known *k,
                       const int64_t *cells, int32_t mark) {
  int64_t count = 0;
  for (int64_t i = k->younger[f->start]; i < k->younger[f->end]; i++) {
    if (!(k->passes[i] >> f->line & 1)) continue;
    int64_t code = code_of(r, cells[k->row[i]]);
    if (code == NO_CODE || k->seen[code] == mark) continue;
    k->seen[code] = mark;
    count++;
  }
  return (double)count;
}

static double extreme(const struct leaf *f, const struct known *k, const int64_t *cells,
                      int64_t type) {
  int64_t best = -1;
  for (int64_t i = k->younger[f->start]; i < k->younger[f->end]; i++) {
    if (!(k->passes[i] >> f->line & 1)) continue;
    int64_t mine = cells[k->row[i]], its = best < 0 ? 0 : cells[k->row[best]];
    int is_more = type == INTEGER ? mine > its : number_of(mine) > number_of(its);
    int is_less = type == INTEGER ? mine < its : number_of(mine) < number_of(its);
    if (best < 0 || (f->how == MAX ? is_more : is_less)) best = i;
  }
  if (best < 0) return NAN;
  int64_t bits = cells[k->row[best]];
  return type == INTEGER ? (double)bits : number_of(bits);
}

/* exact sums, and n·Σx² − (Σx)² where the leaf is a spread */
static int summed(const struct leaf *f, const struct known *k, const int64_t *cells,
                  double *out) {
  __int128 total = 0, squares = 0, count = 0;
  for (int64_t i = k->younger[f->start]; i < k->younger[f->end]; i++) {
    if (!(k->passes[i] >> f->line & 1)) continue;
    __int128 value = cells[k->row[i]], square;
    total += value; /* of less than 2^64 rows: it fits */
    count++;
    if (f->how == SUM) continue;
    if (__builtin_mul_overflow(value, value, &square) ||
        __builtin_add_overflow(squares, square, &squares))
      return ODD;
  }
  if (f->how == SUM) {
    *out = (double)total;
    return FOUND;
  }
  if (!count) {
    *out = NAN;
    return FOUND;
  }
  __int128 of_squares, of_total, spread;
  if (__builtin_mul_overflow(count, squares, &of_squares) ||
      __builtin_mul_overflow(total, total, &of_total) ||
      __builtin_sub_overflow(of_squares, of_total, &spread))
    return ODD;
  *out = (double)spread;
  return FOUND;
}

/* plain numbers for NumPy to add up, in whose order they are added */
static int64_t gathers(const struct leaf *f, const struct known *k, const int64_t *cells,
                       double *gathered) {
  int64_t count = 0;
  for (int64_t i = k->younger[f->start]; i < k->younger[f->end]; i++)
    if (k->passes[i] >> f->line & 1) gathered[count++] = number_of(cells[k->row[i]]);
  return count;
}

static struct cell latest_of(const struct rows *r, const struct column *columns,
                             const struct latest *l, const int64_t *block, int64_t n,
                             const struct known *k) {
  for (int64_t i = k->n - 1 - l->back; i >= 0; i--) {
    struct cell cell = cell_at(r, &columns[l->column], block, n, k->row[i]);
    if (cell.is_there || !l->looks_on) return cell;
  }
  return (struct cell){0, INTEGER, 0};
}

static void says_latest(const struct plan *p, const struct cell *latest, double *out) {
  for (int64_t i = 0; i < p->n_values; i++) {
    const struct value *v = &p->values[i];
    struct cell cell = latest[v->latest];
    int64_t place = -1;
    if (v->as != VALUE && cell.is_there)
      place = place_of(p, v->first_code, v->n_codes, cell.bits);
    if (v->as == CATEGORY)
      out[v->to] = place < 0 ? NAN : (double)place;
    else if (cell.is_there && v->as == EQUALS)
      out[v->to] = place < 0 ? 0.0 : 1.0;
    else if (cell.is_there)
      out[v->to] = cell.type == INTEGER ? (double)cell.bits : number_of(cell.bits);
  }
  for (int64_t i = 0; i < p->n_mismatches; i++) {
    const struct mismatch *m = &p->mismatches[i];
    struct cell one = latest[m->one], other = latest[m->other];
    if (one.is_there && other.is_there) out[m->to] = one.bits != other.bits;
  }
}

static int finds_leaves(const struct plan *p, const struct rows *r, const struct table *t,
                        const int64_t *block, int64_t n, const struct known *k,
                        double **gathered, int64_t *n_gathered, double *out) {
  const struct column *columns = r->columns + t->first_column;
  const int64_t *event_at = block + columns[EVENT_AT].place * n;
  for (int64_t j = t->first_leaf; j < t->first_leaf + t->n_leaves; j++) {
    const struct leaf *f = &p->leaves[j];
    const struct column *c = f->column < 0 ? NULL : &columns[f->column];
    const int64_t *cells = c ? block + c->place * n : event_at;
    switch (f->how) {
      case COUNT:
      case FIRST_MOMENT:
      case LAST_MOMENT: out[f->to] = counted(f, k, event_at, out[f->to]); break;
      case DISTINCT: out[f->to] = distinct(r, f, k, cells, (int32_t)j + 1); break;
      case MAX:
      case MIN: out[f->to] = extreme(f, k, cells, c ? c->type : INTEGER); break;
      case GATHER:
        n_gathered[f->to] = gathers(f, k, cells, *gathered);
        *gathered += n_gathered[f->to];
        out[f->to] = 0.0;
        break;
      default:
        if (summed(f, k, cells, &out[f->to]) == ODD) return ODD;
    }
  }
  return FOUND;
}

/* FOUND and every leaf in `out`; but sums of plain numbers, which lie in `gathered`, leaf
   after leaf, `n_gathered` of each; ODD where an exact sum does not fit */
int32_t leaves_find(const struct plan *p, const struct rows *r, int64_t as_of, double *out,
                    double *gathered, int64_t *n_gathered) {
  int64_t most_rows = 1, most_ages = 1;
  for (int64_t i = 0; i < p->n_tables; i++) {
    if (r->n_rows[i] > most_rows) most_rows = r->n_rows[i];
    if (p->tables[i].n_ages > most_ages) most_ages = p->tables[i].n_ages;
  }
  struct known k = {0};
  k.row = malloc((size_t)most_rows * sizeof *k.row);
  k.passes = malloc((size_t)most_rows * sizeof *k.passes);
  k.younger = malloc((size_t)most_ages * sizeof *k.younger);
  k.seen = calloc((size_t)r->n_codes + 1, sizeof *k.seen);
  struct cell *latest = calloc((size_t)p->n_latest + 1, sizeof *latest);
  int32_t status = k.row && k.passes && k.younger && k.seen && latest ? FOUND : NO_MEMORY;
  memcpy(out, p->empty, (size_t)p->n_leaves * sizeof *out);
  for (int64_t i = 0; i < p->n_tables && status == FOUND; i++) {
    const struct table *t = &p->tables[i];
    int64_t n = r->n_rows[i];
    const int64_t *block = r->cells + r->firsts[i];
    if (!n) continue;
    finds_known(p, r, t, block, n, as_of, &k);
    if (!k.n) continue;
    status = finds_leaves(p, r, t, block, n, &k, &gathered, n_gathered, out);
    for (int64_t j = t->first_latest; j < t->first_latest + t->n_latest; j++)
      latest[j] = latest_of(r, r->columns + t->first_column, &p->latest[j], block, n, &k);
  }
  if (status == FOUND) says_latest(p, latest, out);
  free(k.row);
  free(k.passes);
  free(k.younger);
  free(k.seen);
  free(latest);
  return status;
}

/* --- from leaves to features ------------------------------------------------------- */

/* `features.feature_numbers.Plan`, whose arithmetic this is: values side by side, those
   of one shape together, and where each feature stands among them */
struct finish {
  const int64_t *first, *second; /* leaves, of pairs values */
  const double *scale, *least;
  const int64_t *order, *fact_to, *fact;
  int64_t n_direct, n_since, n_means, n_stds, n_ratios, n_differences, n_trends;
  int64_t n_features, n_facts;
};

#define DAY_US 86400000000.0

static double ratio(double over, double under) { return under > 0 ? over / under : NAN; }

static double trend(double recent, double before) {
  double size = fabs(recent) + fabs(before), change = recent - before;
  return size > 0 ? change / size : change;
}

/* The account facts into their places among the leaves, and the features from these */
void leaves_finish(const struct finish *f, double *leaves, const double *facts,
                   int64_t as_of, double *values, double *out) {
  const int64_t *first = f->first, *second = f->second;
  const double *scale = f->scale;
  for (int64_t i = 0; facts && i < f->n_facts; i++) leaves[f->fact_to[i]] = facts[f->fact[i]];
  int64_t i = 0, end = f->n_direct;
  for (; i < end; i++) {
    double value = leaves[first[i]] / scale[i];
    values[i] = value < f->least[i] ? f->least[i] : value;
  }
  for (end += f->n_since; i < end; i++)
    values[i] = ((double)as_of - leaves[first[i]]) / DAY_US;
  for (end += f->n_means; i < end; i++)
    values[i] = ratio(leaves[first[i]], leaves[second[i]] * scale[i]);
  for (end += f->n_stds; i < end; i++)
    values[i] = ratio(sqrt(leaves[first[i]]), leaves[second[i]] * scale[i]);
  for (end += f->n_ratios; i < end; i++)
    values[i] = ratio(values[first[i]], values[second[i]]) * scale[i];
  for (end += f->n_differences; i < end; i++)
    values[i] = values[first[i]] - values[second[i]];
  for (end += f->n_trends; i < end; i++)
    values[i] = trend(values[first[i]], values[second[i]]);
  for (i = 0; i < f->n_features; i++) out[i] = values[f->order[i]];
}
