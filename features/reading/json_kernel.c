/* The rows of a score request, from JSON to columns, where nothing about them is odd.

   Optional, and no second definition of a rule: whatever is not plainly right (an error,
   two different rows of one key and moment, a retraction, another currency …) makes
   `reader_read` answer ODD, and `features/reading/rows.py` reads the request instead.
   What is read here it would read to the same bits.

   Compiled when the project is installed (`hatch_build.py`) and called through ctypes. A
   reader belongs to one thread; it keeps its buffers from one request to the next. */

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define KERNEL_VERSION 4 /* rises whenever a struct or a function changes */

enum { READ = 0, ODD = 1, REPEATED = 2, NO_MEMORY = -1 };
enum kind { TEXT, CHOICE, MOMENT, MONEY, NUMBER, BOOLEAN, COMPUTED };
enum flag { REQUIRED = 1, SIGNED = 2, CUSTOMER = 4, CURRENCY = 8, RETRACTED = 16 };
enum { MOST_KEYS = 8, MOST_COLUMNS = 64, MOST_PROBES = 64, LONGEST_ID = 38,
       MOST_UNKNOWN = 32 };

#define MISSING INT64_MIN
#define FOREVER INT64_MAX
#define DAY_US INT64_C(86400000000)

struct word {
  const char *text;
  int32_t size, unused;
};

struct column {
  const char *name;
  int32_t name_size, kind, flags, first_word, n_words, default_word;
  uint64_t unless; /* in a key: missing where one of these columns is there */
};

struct table {
  const char *name;
  int32_t name_size, first_column, n_columns;
  /* places of columns within the table; -1: it has none */
  int32_t event_at, known_at, created_at, superseded_at, due_at, due_on, kind;
  int32_t has_versions; /* 0: rows of one key may also add up */
  int32_t n_keys, n_orders;
  int32_t keys[MOST_KEYS], orders[MOST_KEYS];
};

struct spec {
  const struct table *tables;
  const struct column *columns;
  const struct word *words; /* the first one stands for the request's customer */
  const int64_t *day_starts; /* of local days from `first_day` on, one more than days */
  const char *currency;
  int64_t first_day, n_days, no_end, clock_skew_us;
  uint64_t seed; /* unknown to clients, who could choose texts that collide */
  int32_t n_tables, n_words, currency_size, invoice; /* the word "invoice" */
};

struct text {
  const char *start;
  int64_t size;
  uint64_t hash;
};

struct key {
  uint64_t hash;
  int64_t latest; /* row */
};

/* what a read leaves behind; valid until the next one */
struct found {
  int64_t events_begin, events_end; /* of the value of "events" in the body */
  int64_t n_cells;                  /* all tables, columns one after the other */
  int64_t customer;                 /* the text rows name as theirs; -1: none do */
  int64_t texts_size;
  int64_t n_unknown;     /* columns the contract does not have */
  const int64_t *unknown; /* of each the table and the number of its name */
  const int64_t *n_rows; /* (tables,); -1: the table was not sent */
  const int64_t *firsts; /* (tables,) where its cells begin */
  const int64_t *cells;
  const char *texts; /* in the order of their numbers, each ended by a newline */
};

struct reader {
  struct found found;
  const struct spec *spec;
  const char *at, *end; /* in the body */
  int64_t *n_rows, *firsts;
  int64_t *rows; /* of the table being read, row after row */
  int64_t rows_size;
  int64_t *cells;
  int64_t cells_size, n_cells;
  struct text *texts;
  int64_t texts_room, n_texts;
  int32_t *slots; /* of the hash of texts */
  int64_t n_slots;
  struct key *keys; /* a hash table */
  int64_t n_keys;
  int64_t *earlier; /* version of the same thing; -1: none */
  int64_t n_earlier;
  int32_t *order, *spare;
  int64_t order_size;
  char *joined;
  int64_t joined_size;
  char *unescaped; /* texts that were written with escapes; never longer than those */
  int64_t n_unescaped, unescaped_size;
  int64_t unknown[2 * MOST_UNKNOWN];
};

int32_t kernel_version(void) { return KERNEL_VERSION; }

static int grow(void **buffer, int64_t *room, int64_t needed, size_t size) {
  if (needed <= *room) return READ;
  int64_t larger = *room ? *room : 1024;
  while (larger < needed) larger *= 2;
  void *moved = realloc(*buffer, (size_t)larger * size);
  if (!moved) return NO_MEMORY;
  *buffer = moved;
  *room = larger;
  return READ;
}

/* --- JSON ------------------------------------------------------------------------- */

static void skip_space(struct reader *r) {
  while (r->at < r->end &&
         (*r->at == ' ' || *r->at == '\n' || *r->at == '\t' || *r->at == '\r'))
    r->at++;
}

static int takes(struct reader *r, char c) { /* and space around it */
  skip_space(r);
  if (r->at == r->end || *r->at != c) return 0;
  r->at++;
  skip_space(r);
  return 1;
}

static int takes_word(struct reader *r, const char *word) {
  size_t size = strlen(word);
  if ((size_t)(r->end - r->at) < size || memcmp(r->at, word, size) != 0) return 0;
  r->at += size;
  return 1;
}

struct span {
  const char *start;
  int64_t size;
};

static int is_span(struct span s, const char *text, int32_t size) {
  return s.size == size && memcmp(s.start, text, (size_t)size) == 0;
}

/* whether one of eight bytes is zero: 0x80 there, and perhaps in bytes after it */
static uint64_t zeros_of(uint64_t x) {
  return (x - UINT64_C(0x0101010101010101)) & ~x & UINT64_C(0x8080808080808080);
}

/* whether one of eight bytes may end a string: a quote, a backslash, below a space */
static uint64_t may_end(uint64_t x) {
  const uint64_t each = UINT64_C(0x0101010101010101);
  return zeros_of(x ^ each * '"') | zeros_of(x ^ each * '\\') |
         ((x - each * 0x20) & ~x & each * 0x80);
}

/* a string without escapes; whether it is UTF-8 is for the caller to find out */
static int takes_string(struct reader *r, struct span *s) {
  if (r->at == r->end || *r->at != '"') return 0;
  const char *start = r->at + 1, *c = start;
  for (uint64_t eight; r->end - c >= 8; c += 8) {
    memcpy(&eight, c, sizeof eight);
    if (may_end(eight)) break;
  }
  while (c < r->end && *c != '"' && *c != '\\' && (unsigned char)*c >= 0x20) c++;
  if (c == r->end || *c != '"') return 0;
  *s = (struct span){start, c - start};
  r->at = c + 1;
  return 1;
}

static int takes_hex(const char **c, const char *end, uint32_t *value) {
  *value = 0;
  if (end - *c < 4) return 0;
  for (int k = 0; k < 4; k++, ++*c) {
    char d = **c;
    uint32_t digit = d >= '0' && d <= '9'   ? (uint32_t)(d - '0')
                     : d >= 'a' && d <= 'f' ? (uint32_t)(d - 'a') + 10
                     : d >= 'A' && d <= 'F' ? (uint32_t)(d - 'A') + 10
                                            : 16;
    if (digit == 16) return 0;
    *value = *value << 4 | digit;
  }
  return 1;
}

/* the character after `\\u`, from both of its halves where it has two */
static int takes_character(const char **c, const char *end, uint32_t *value) {
  uint32_t low;
  if (!takes_hex(c, end, value)) return 0;
  if (*value < 0xd800 || *value > 0xdfff) return 1;
  if (*value > 0xdbff || end - *c < 6 || (*c)[0] != '\\' || (*c)[1] != 'u') return 0;
  *c += 2;
  if (!takes_hex(c, end, &low) || low < 0xdc00 || low > 0xdfff) return 0;
  *value = 0x10000 + ((*value - 0xd800) << 10) + (low - 0xdc00);
  return 1;
}

static char *put_utf8(char *to, uint32_t x) {
  if (x < 0x80) {
    *to++ = (char)x;
  } else if (x < 0x800) {
    *to++ = (char)(0xc0 | x >> 6);
    *to++ = (char)(0x80 | (x & 0x3f));
  } else {
    if (x < 0x10000) {
      *to++ = (char)(0xe0 | x >> 12);
    } else {
      *to++ = (char)(0xf0 | x >> 18);
      *to++ = (char)(0x80 | (x >> 12 & 0x3f));
    }
    *to++ = (char)(0x80 | (x >> 6 & 0x3f));
    *to++ = (char)(0x80 | (x & 0x3f));
  }
  return to;
}

/* a string that may hold escapes, but no control characters */
static int takes_text(struct reader *r, struct span *s) {
  if (takes_string(r, s)) return 1;
  if (r->at == r->end || *r->at != '"') return 0;
  char *start = r->unescaped + r->n_unescaped, *to = start;
  const char *c = r->at + 1;
  while (c < r->end && *c != '"') {
    if ((unsigned char)*c < 0x20) return 0;
    if (*c != '\\') {
      *to++ = *c++;
      continue;
    }
    uint32_t x;
    if (++c == r->end) return 0;
    if (*c == '"' || *c == '\\' || *c == '/') {
      *to++ = *c++;
    } else if (*c++ != 'u' || !takes_character(&c, r->end, &x) || x < 0x20) {
      return 0;
    } else {
      to = put_utf8(to, x);
    }
  }
  if (c == r->end) return 0;
  *s = (struct span){start, to - start};
  r->n_unescaped += to - start;
  r->at = c + 1;
  return 1;
}

static int is_digit(const char *c, const char *end) {
  return c < end && *c >= '0' && *c <= '9';
}

/* a string of any characters that JSON allows */
static int skips_text(struct reader *r) {
  const char *c = r->at + 1;
  uint32_t x;
  while (c < r->end && *c != '"') {
    if ((unsigned char)*c < 0x20) return 0;
    if (*c++ != '\\') continue;
    if (c == r->end) return 0;
    char escaped = *c++;
    if (escaped == 'u' ? !takes_character(&c, r->end, &x)
                       : !escaped || !strchr("\"\\/bfnrt", escaped))
      return 0;
  }
  if (c == r->end) return 0;
  r->at = c + 1;
  return 1;
}

/* where a JSON number ends; NULL where there is none */
static const char *number_end(const char *c, const char *end) {
  if (c < end && *c == '-') c++;
  if (!is_digit(c, end)) return NULL;
  if (*c == '0')
    c++;
  else
    while (is_digit(c, end)) c++;
  if (c < end && *c == '.') {
    if (!is_digit(++c, end)) return NULL;
    while (is_digit(c, end)) c++;
  }
  if (c < end && (*c == 'e' || *c == 'E')) {
    c++;
    if (c < end && (*c == '+' || *c == '-')) c++;
    if (!is_digit(c, end)) return NULL;
    while (is_digit(c, end)) c++;
  }
  return c;
}

/* The nearest double. Up to 15 digits and 10^22 one division or product is exact. */
static int to_double(struct span s, double *value) {
  static const double tens[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  const char *c = s.start, *end = s.start + s.size;
  int is_negative = *c == '-', n_digits = 0, n_places = 0, has_point = 0;
  int64_t digits = 0;
  for (c += is_negative; c < end; c++) {
    if (*c == '.') {
      has_point = 1;
    } else if (*c < '0' || *c > '9') {
      break; /* an exponent */
    } else {
      if (n_digits || *c != '0') n_digits++;
      if (n_digits > 15) break;
      digits = digits * 10 + (*c - '0');
      n_places += has_point;
    }
  }
  if (c == end && n_places <= 22) {
    double found = (double)digits / tens[n_places];
    *value = is_negative ? -found : found;
    return 1;
  }
  char copy[64], *stopped;
  if (s.size >= (int64_t)sizeof copy) return 0;
  memcpy(copy, s.start, (size_t)s.size);
  copy[s.size] = 0;
  *value = strtod(copy, &stopped);
  return stopped == copy + s.size && isfinite(*value);
}

/* any value but rows: whoever reads the rest of the body looks at it closely */
static int skips_value(struct reader *r) {
  int64_t depth = 0;
  do {
    skip_space(r);
    if (r->at == r->end) return 0;
    char c = *r->at;
    if (c == '"') {
      for (r->at++; r->at < r->end && *r->at != '"'; r->at++)
        if (*r->at == '\\' && ++r->at == r->end) return 0;
      if (r->at == r->end) return 0;
      r->at++;
    } else if (c == '{' || c == '[') {
      depth++;
      r->at++;
    } else if (c == '}' || c == ']') {
      depth--;
      r->at++;
    } else if (depth > 0 && (c == ',' || c == ':')) {
      r->at++;
    } else {
      const char *start = r->at;
      while (r->at < r->end && strchr(" \n\t\r\"{}[],:", *r->at) == NULL) r->at++;
      if (r->at == start) return 0;
    }
  } while (depth > 0);
  return depth == 0;
}

/* --- cells ------------------------------------------------------------------------ */

static uint64_t mixed(uint64_t h) { /* the finaliser of MurmurHash3 */
  h = (h ^ h >> 33) * UINT64_C(0xff51afd7ed558ccd);
  h = (h ^ h >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
  return h ^ h >> 33;
}

static uint64_t hash_of(struct span s, uint64_t seed) {
  uint64_t h = mixed(seed ^ (uint64_t)s.size), chunk;
  int64_t i = 0;
  for (; i + 8 <= s.size; i += 8) {
    memcpy(&chunk, s.start + i, 8);
    h = mixed(h ^ chunk) + seed;
  }
  chunk = 0;
  memcpy(&chunk, s.start + i, (size_t)(s.size - i));
  return mixed(h ^ chunk);
}

static int more_slots(struct reader *r) {
  int64_t n = r->n_slots ? 2 * r->n_slots : 1024;
  int32_t *slots = malloc((size_t)n * sizeof *slots);
  if (!slots) return NO_MEMORY;
  free(r->slots);
  memset(slots, 0xff, (size_t)n * sizeof *slots); /* -1: empty */
  r->slots = slots;
  r->n_slots = n;
  for (int64_t k = 0; k < r->n_texts; k++) {
    uint64_t slot = r->texts[k].hash & (uint64_t)(n - 1);
    while (slots[slot] >= 0) slot = (slot + 1) & (uint64_t)(n - 1);
    slots[slot] = (int32_t)k;
  }
  return READ;
}

/* the number of a text, after those of the words; equal texts have the same */
static int number_of(struct reader *r, struct span s, int64_t *number) {
  if (2 * r->n_texts >= r->n_slots && more_slots(r)) return NO_MEMORY;
  uint64_t hash = hash_of(s, r->spec->seed), last = (uint64_t)(r->n_slots - 1);
  uint64_t slot = hash & last;
  for (int probes = 0; r->slots[slot] >= 0; slot = (slot + 1) & last) {
    const struct text *t = &r->texts[r->slots[slot]];
    if (t->hash == hash && t->size == s.size &&
        memcmp(t->start, s.start, (size_t)s.size) == 0) {
      *number = r->spec->n_words + r->slots[slot];
      return READ;
    }
    if (++probes == MOST_PROBES) return ODD;
  }
  if (grow((void **)&r->texts, &r->texts_room, r->n_texts + 1, sizeof *r->texts))
    return NO_MEMORY;
  r->texts[r->n_texts] = (struct text){s.start, s.size, hash};
  r->slots[slot] = (int32_t)r->n_texts;
  *number = r->spec->n_words + r->n_texts++;
  return READ;
}

/* bytes of the blank that text begins with, by Unicode; 0 where it begins with none */
static int blank_size(const char *text, const char *end) {
  const unsigned char *c = (const unsigned char *)text;
  if (*c == ' ') return 1;
  if (*c == 0xc2) return end - text > 1 && (c[1] == 0x85 || c[1] == 0xa0) ? 2 : 0;
  if (*c < 0xe1 || *c > 0xe3 || end - text < 3) return 0;
  uint32_t x = (uint32_t)(*c & 15) << 12 | (uint32_t)(c[1] & 63) << 6 | (c[2] & 63);
  int is_blank = x == 0x1680 || (x >= 0x2000 && x <= 0x200a) || x == 0x2028 ||
                 x == 0x2029 || x == 0x202f || x == 0x205f || x == 0x3000;
  return is_blank ? 3 : 0;
}

static int is_blank(struct span s) {
  const char *c = s.start, *end = s.start + s.size;
  for (int n; c < end && (n = blank_size(c, end)); c += n) continue;
  return c == end;
}

static int reads_text(struct reader *r, const struct column *column, int64_t *cell) {
  struct span s;
  if (!takes_text(r, &s)) { /* whole numbers are texts of their digits */
    const char *end = number_end(r->at, r->end);
    if (!end || end - r->at > LONGEST_ID) return ODD;
    s = (struct span){r->at, end - r->at};
    for (const char *c = s.start; c < end; c++)
      if (*c < '0' || *c > '9') return ODD;
    r->at = end;
  }
  const struct spec *spec = r->spec;
  if (s.size == 0) return column->flags & CUSTOMER ? ODD : READ; /* missing */
  if (column->flags & REQUIRED && is_blank(s)) return ODD;
  if (column->flags & CURRENCY && !is_span(s, spec->currency, spec->currency_size))
    return ODD;
  int status = number_of(r, s, cell);
  if (status == READ && column->flags & CUSTOMER) {
    if (r->found.customer >= 0 && r->found.customer != *cell) return ODD;
    r->found.customer = *cell;
  }
  return status;
}

static int reads_choice(struct reader *r, const struct column *column, int64_t *cell) {
  struct span s;
  if (!takes_string(r, &s)) return ODD;
  if (s.size == 0) return READ;
  for (int32_t k = column->first_word; k < column->first_word + column->n_words; k++)
    if (is_span(s, r->spec->words[k].text, r->spec->words[k].size)) {
      *cell = k;
      return READ;
    }
  return ODD;
}

static int takes_two(const char **c, const char *end, char before, int *value) {
  if (before) {
    if (*c == end || **c != before) return 0;
    ++*c;
  }
  if (!is_digit(*c, end) || !is_digit(*c + 1, end)) return 0;
  *value = 10 * ((*c)[0] - '0') + (*c)[1] - '0';
  *c += 2;
  return 1;
}

/* Howard Hinnant's days_from_civil, for years after 1969; -1: no such day */
static int64_t day_of(int year, int month, int day) {
  static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  int is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  if (year < 1970 || month < 1 || month > 12 || day < 1) return -1;
  if (day > lengths[month - 1] + (month == 2 && is_leap)) return -1;
  int y = month <= 2 ? year - 1 : year, era = y / 400, of_era = y - era * 400;
  int of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  return (int64_t)era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year -
         719468;
}

static int is_known_day(const struct spec *spec, int64_t day) {
  return day >= spec->first_day && day < spec->first_day + spec->n_days;
}

static int takes_offset(const char **c, const char *end, int64_t *offset_us) {
  *offset_us = 0;
  if (*c < end && **c == 'Z') {
    ++*c;
    return 1;
  }
  if (*c == end || (**c != '+' && **c != '-')) return 0;
  int sign = *(*c)++ == '-' ? -1 : 1, hours, minutes;
  if (!takes_two(c, end, 0, &hours) || !takes_two(c, end, ':', &minutes)) return 0;
  if (hours > 23 || minutes > 59) return 0;
  *offset_us = sign * (hours * 60 + minutes) * INT64_C(60000000);
  return 1;
}

static int takes_fraction(const char **c, const char *end, int64_t *us) {
  *us = 0;
  if (*c == end || **c != '.') return 1;
  int n = 0;
  for (++*c; is_digit(*c, end); ++*c, n++) *us = n < 6 ? *us * 10 + (**c - '0') : *us;
  if (n == 3) *us *= 1000;
  return n == 3 || n == 6;
}

/* a day and a time of UTC in their commonest form: `2026-06-30T22:00:00+00:00` or `Z` */
static int takes_plain_moment(struct reader *r, int64_t *cell) {
  static const char form[] = "0000-00-00T00:00:00";
  enum { SIZE = sizeof form - 1, OF_ZONE = 6 };
  if (r->end - r->at < 1 + SIZE + OF_ZONE + 1 || *r->at != '"') return 0;
  const char *c = r->at + 1, *zone = c + SIZE;
  int size = zone[0] == 'Z' ? 1 : memcmp(zone, "+00:00", OF_ZONE) == 0 ? OF_ZONE : 0;
  if (!size || zone[size] != '"') return 0;
  unsigned digits[SIZE], is_odd = 0;
  for (int k = 0; k < SIZE; k++) {
    digits[k] = (unsigned)(unsigned char)c[k] - (unsigned)form[k];
    is_odd |= form[k] == '0' ? digits[k] > 9 : digits[k] != 0;
  }
  if (is_odd) return 0;
  int hour = (int)(10 * digits[11] + digits[12]), minute = (int)(10 * digits[14] + digits[15]);
  int second = (int)(10 * digits[17] + digits[18]);
  int year = (int)(1000 * digits[0] + 100 * digits[1] + 10 * digits[2] + digits[3]);
  int64_t date = day_of(year, (int)(10 * digits[5] + digits[6]), (int)(10 * digits[8] + digits[9]));
  if (date < 0 || hour > 23 || minute > 59 || second > 59) return 0;
  int64_t moment = date * DAY_US + ((hour * 60 + minute) * 60 + second) * INT64_C(1000000);
  if (moment >= r->spec->no_end) return 0;
  *cell = moment;
  r->at = zone + size + 1;
  return 1;
}

/* a moment with offset, or a plain date: the end of the local day */
static int reads_moment(struct reader *r, int64_t *cell) {
  struct span s;
  int century, years, month, day, hour, minute, second;
  int64_t us, offset_us;
  if (takes_plain_moment(r, cell)) return READ;
  if (!takes_string(r, &s)) return ODD;
  if (s.size == 0) return READ;
  const char *c = s.start, *end = c + s.size;
  if (!takes_two(&c, end, 0, &century) || !takes_two(&c, end, 0, &years) ||
      !takes_two(&c, end, '-', &month) || !takes_two(&c, end, '-', &day))
    return ODD;
  int64_t date = day_of(100 * century + years, month, day);
  if (date < 0) return ODD;
  if (c == end) {
    if (!is_known_day(r->spec, date)) return ODD;
    *cell = r->spec->day_starts[date - r->spec->first_day + 1] - 1;
    return READ;
  }
  if (!takes_two(&c, end, 'T', &hour) || !takes_two(&c, end, ':', &minute) ||
      !takes_two(&c, end, ':', &second) || !takes_fraction(&c, end, &us) ||
      !takes_offset(&c, end, &offset_us) || c != end)
    return ODD;
  if (hour > 23 || minute > 59 || second > 59) return ODD;
  int64_t seconds = (hour * 60 + minute) * 60 + second;
  int64_t moment = date * DAY_US + seconds * 1000000 + us - offset_us;
  if (moment < 0 || moment >= r->spec->no_end) return ODD;
  *cell = moment;
  return READ;
}

static int reads_number(struct reader *r, double *number) {
  struct span s;
  if (takes_string(r, &s)) { /* a number in quotes, written as JSON has it */
    if (s.size == 0) return READ;
    if (number_end(s.start, s.start + s.size) != s.start + s.size) return ODD;
  } else {
    const char *end = number_end(r->at, r->end);
    if (!end) return ODD;
    s = (struct span){r->at, end - r->at};
    r->at = end;
  }
  if (!to_double(s, number)) return ODD;
  *number += 0.0; /* no negative zero */
  return READ;
}

static int reads_money(struct reader *r, const struct column *column, int64_t *cell) {
  double number = NAN;
  int status = reads_number(r, &number);
  if (status != READ || isnan(number)) return status;
  double product = number * 10000.0, whole = rint(product);
  if (!(fabs(product) < 8796093022208.0) || !(fabs(product - whole) < 0.49)) return ODD;
  if (whole < 0.0 && !(column->flags & SIGNED)) return ODD;
  *cell = (int64_t)whole;
  return READ;
}

static int reads_boolean(struct reader *r, const struct column *column, double *cell) {
  if (takes_word(r, "false")) {
    *cell = 0.0;
    return READ;
  }
  if (column->flags & RETRACTED || !takes_word(r, "true")) return ODD;
  *cell = 1.0;
  return READ;
}

static int reads_cell(struct reader *r, const struct column *column, int64_t *cell) {
  if (takes_word(r, "null")) return column->flags & CUSTOMER ? ODD : READ;
  double number;
  int status;
  switch (column->kind) {
    case TEXT: return reads_text(r, column, cell);
    case CHOICE: return reads_choice(r, column, cell);
    case MOMENT: return reads_moment(r, cell);
    case MONEY: return reads_money(r, column, cell);
    case NUMBER:
    case BOOLEAN:
      memcpy(&number, cell, sizeof number);
      status = column->kind == NUMBER ? reads_number(r, &number)
                                      : reads_boolean(r, column, &number);
      memcpy(cell, &number, sizeof number);
      return status;
    default: return ODD;
  }
}

/* --- rows ------------------------------------------------------------------------- */

static void make_blank(const struct spec *spec, const struct table *t, int64_t *row) {
  const double nan = NAN, no = 0.0;
  for (int32_t i = 0; i < t->n_columns; i++) {
    const struct column *column = &spec->columns[t->first_column + i];
    switch (column->kind) {
      case TEXT:
      case CHOICE: row[i] = column->default_word; break;
      case NUMBER:
      case BOOLEAN:
        memcpy(&row[i], column->flags & RETRACTED ? &no : &nan, sizeof row[i]);
        break;
      default: row[i] = MISSING;
    }
  }
}

/* the place of a column; rows mostly name them in the order of the row before */
static int32_t place_of(const struct spec *spec, const struct table *t, struct span name,
                        int32_t guess) {
  for (int32_t k = 0; k < t->n_columns; k++) {
    int32_t i = guess + k < t->n_columns ? guess + k : guess + k - t->n_columns;
    const struct column *column = &spec->columns[t->first_column + i];
    if (column->kind != COMPUTED && is_span(name, column->name, column->name_size)) return i;
  }
  return -1;
}

/* whether a cell's name follows, and nothing between it and its colon */
static int takes_name(struct reader *r, const struct column *column) {
  int64_t size = column->name_size;
  if (column->kind == COMPUTED || r->end - r->at < size + 3) return 0;
  if (r->at[0] != '"' || r->at[size + 1] != '"' || r->at[size + 2] != ':') return 0;
  if (memcmp(r->at + 1, column->name, (size_t)size) != 0) return 0;
  r->at += size + 3;
  skip_space(r);
  return 1;
}

/* a plain value of a column that the contract does not have: only its name is kept */
static int skips_cell(struct reader *r, int32_t table, struct span name) {
  double number;
  int64_t named;
  if (r->at < r->end && *r->at == '"') {
    if (!skips_text(r)) return ODD;
  } else if (!takes_word(r, "null") && !takes_word(r, "true") && !takes_word(r, "false")) {
    int status = reads_number(r, &number);
    if (status != READ) return status;
  }
  int status = number_of(r, name, &named);
  if (status != READ) return status;
  int64_t *last = r->unknown + 2 * r->found.n_unknown;
  for (const int64_t *pair = r->unknown; pair < last; pair += 2)
    if (pair[0] == table && pair[1] == named) return READ;
  if (r->found.n_unknown == MOST_UNKNOWN) return ODD;
  last[0] = table;
  last[1] = named;
  r->found.n_unknown++;
  return READ;
}

/* what is absent follows from the rest; whether the row can stand */
static int completes(const struct spec *spec, const struct table *t, int64_t *row) {
  for (int32_t i = 0; i < t->n_columns; i++) {
    const struct column *column = &spec->columns[t->first_column + i];
    if (!(column->flags & REQUIRED)) continue;
    double number;
    memcpy(&number, &row[i], sizeof number);
    int is_text = column->kind == TEXT || column->kind == CHOICE;
    int is_float = column->kind == NUMBER || column->kind == BOOLEAN;
    if (is_text ? row[i] < 0 : is_float ? isnan(number) : row[i] == MISSING) return 0;
  }
  if (t->due_at >= 0 && row[t->kind] == spec->invoice && row[t->due_at] == MISSING)
    return 0;
  int64_t event_at = row[t->event_at], known_at = row[t->known_at];
  if (event_at == MISSING) { /* only customers may leave it out */
    int64_t created_at = t->created_at >= 0 ? row[t->created_at] : MISSING;
    event_at = known_at != MISSING ? known_at : created_at != MISSING ? created_at : 0;
  }
  if (known_at == MISSING) known_at = event_at;
  if (known_at < event_at - spec->clock_skew_us) return 0;
  row[t->event_at] = event_at;
  row[t->known_at] = known_at < event_at ? event_at : known_at;
  row[t->superseded_at] = FOREVER;
  if (t->due_on >= 0 && row[t->due_at] != MISSING) {
    int64_t due_at = row[t->due_at], day = due_at / DAY_US - spec->first_day;
    if (day < 1 || day + 1 >= spec->n_days) return 0;
    day += due_at >= spec->day_starts[day + 1] ? 1 : due_at >= spec->day_starts[day] ? 0 : -1;
    row[t->due_on] = day + spec->first_day;
  }
  return 1;
}

static int reads_row(struct reader *r, const struct table *t, int64_t *row,
                     int32_t *followers) {
  uint64_t seen = 0;
  int32_t before = t->n_columns; /* the last slot: what a row begins with */
  if (!takes(r, '{')) return ODD;
  if (takes(r, '}')) return completes(r->spec, t, row) ? READ : ODD;
  do {
    struct span name;
    int32_t place = followers[before];
    int status;
    if (!takes_name(r, &r->spec->columns[t->first_column + place])) {
      if (!takes_string(r, &name) || !takes(r, ':')) return ODD;
      place = place_of(r->spec, t, name, place);
    }
    if (place < 0) {
      status = skips_cell(r, (int32_t)(t - r->spec->tables), name);
      if (status != READ) return status;
      continue;
    }
    if (seen >> place & 1) return ODD; /* there twice */
    followers[before] = place;
    before = place;
    seen |= UINT64_C(1) << place;
    const struct column *column = &r->spec->columns[t->first_column + place];
    status = reads_cell(r, column, &row[place]);
    if (status != READ) return status;
  } while (takes(r, ','));
  return takes(r, '}') && completes(r->spec, t, row) ? READ : ODD;
}

static int64_t key_part(const struct reader *r, const struct table *t, const int64_t *row,
                        int32_t k) {
  uint64_t unless = r->spec->columns[t->first_column + t->keys[k]].unless;
  for (int32_t i = 0; unless >> i; i++)
    if (unless >> i & 1 && row[i] >= 0) return -1;
  return row[t->keys[k]];
}

static uint64_t key_of(const struct reader *r, const struct table *t, const int64_t *row) {
  uint64_t h = r->spec->seed;
  for (int32_t k = 0; k < t->n_keys; k++)
    h = mixed(h ^ (uint64_t)key_part(r, t, row, k)) + r->spec->seed;
  return h | 1; /* 0 is an empty slot */
}

static int have_same_key(const struct reader *r, const struct table *t, const int64_t *a,
                         const int64_t *b) {
  for (int32_t k = 0; k < t->n_keys; k++)
    if (key_part(r, t, a, k) != key_part(r, t, b, k)) return 0;
  return 1;
}

/* whether two rows say the same, whatever ends them */
static int are_equal(const struct table *t, const int64_t *a, const int64_t *b) {
  for (int32_t i = 0; i < t->n_columns; i++)
    if (i != t->superseded_at && a[i] != b[i]) return 0;
  return 1;
}

/* a row among the versions of one thing, the latest of which is `*latest` */
static int dates_version(struct reader *r, const struct table *t, int64_t i,
                         int64_t *latest) {
  int64_t *row = r->rows + i * t->n_columns, *later = NULL, known_at = row[t->known_at];
  if (!t->has_versions || !have_same_key(r, t, row, r->rows + *latest * t->n_columns))
    return ODD;
  int64_t *place = latest;
  for (int steps = 0; *place >= 0; place = &r->earlier[*place]) {
    int64_t *other = r->rows + *place * t->n_columns;
    if (other[t->known_at] == known_at) return are_equal(t, row, other) ? REPEATED : ODD;
    if (++steps == MOST_PROBES) return ODD;
    if (other[t->known_at] < known_at) {
      other[t->superseded_at] = known_at;
      break;
    }
    later = other;
  }
  if (later) row[t->superseded_at] = later[t->known_at];
  r->earlier[i] = *place;
  *place = i;
  return READ;
}

/* rows of one key follow one another, a repeated one goes; where two different ones are
   known at once is not for here */
static int dates_versions(struct reader *r, const struct table *t, int64_t *n_rows) {
  int64_t n = *n_rows, n_slots = 64, kept = 0;
  size_t row_size = (size_t)t->n_columns * sizeof *r->rows;
  while (n_slots < 2 * n) n_slots *= 2;
  if (grow((void **)&r->keys, &r->n_keys, n_slots, sizeof *r->keys) ||
      grow((void **)&r->earlier, &r->n_earlier, n, sizeof *r->earlier))
    return NO_MEMORY;
  memset(r->keys, 0, (size_t)n_slots * sizeof *r->keys);
  for (int64_t i = 0; i < n; i++) {
    int64_t *row = r->rows + kept * t->n_columns;
    if (kept < i) memcpy(row, r->rows + i * t->n_columns, row_size);
    uint64_t hash = key_of(r, t, row);
    struct key *key = &r->keys[hash & (uint64_t)(n_slots - 1)];
    for (int probes = 0; key->hash && key->hash != hash;) {
      if (++probes == MOST_PROBES) return ODD;
      if (++key == r->keys + n_slots) key = r->keys;
    }
    r->earlier[kept] = -1;
    int status = READ;
    if (!key->hash)
      *key = (struct key){hash, kept};
    else
      status = dates_version(r, t, kept, &key->latest);
    if (status == ODD) return ODD;
    kept += status == READ;
  }
  *n_rows = kept;
  return READ;
}

static struct span text_of(const struct reader *r, int64_t number) {
  if (number < 0) return (struct span){"", 0};
  if (number < r->spec->n_words)
    return (struct span){r->spec->words[number].text, r->spec->words[number].size};
  const struct text *t = &r->texts[number - r->spec->n_words];
  return (struct span){t->start, t->size};
}

/* by event_at, known_at and the texts of the key; UTF-8 sorts as its characters do */
static int is_after(const struct reader *r, const struct table *t, const int64_t *a,
                    const int64_t *b) {
  if (a[t->event_at] != b[t->event_at]) return a[t->event_at] > b[t->event_at];
  if (a[t->known_at] != b[t->known_at]) return a[t->known_at] > b[t->known_at];
  for (int32_t k = 0; k < t->n_orders; k++) {
    if (a[t->orders[k]] == b[t->orders[k]]) continue;
    struct span x = text_of(r, a[t->orders[k]]), y = text_of(r, b[t->orders[k]]);
    int order = memcmp(x.start, y.start, (size_t)(x.size < y.size ? x.size : y.size));
    if (order || x.size != y.size) return order ? order > 0 : x.size > y.size;
  }
  return 0;
}

/* a merge sort: stable, and never quadratic */
static int sorts(struct reader *r, const struct table *t, int64_t n) {
  if (2 * n > r->order_size) {
    free(r->order);
    r->order_size = 0;
    r->order = malloc((size_t)(4 * n) * sizeof *r->order);
    if (!r->order) return NO_MEMORY;
    r->order_size = 4 * n;
  }
  int32_t *from = r->order, *to = r->order + n;
  int is_sorted = 1;
  for (int64_t i = 0; i < n; i++) {
    from[i] = (int32_t)i;
    const int64_t *row = r->rows + i * t->n_columns;
    if (i && is_after(r, t, row - t->n_columns, row)) is_sorted = 0;
  }
  for (int64_t width = 1; !is_sorted && width < n; width *= 2) {
    for (int64_t first = 0; first < n; first += 2 * width) {
      int64_t middle = first + width < n ? first + width : n;
      int64_t last = middle + width < n ? middle + width : n;
      int64_t i = first, j = middle;
      for (int64_t k = first; k < last; k++) {
        int takes_left =
            i < middle && (j == last || !is_after(r, t, r->rows + from[i] * t->n_columns,
                                                  r->rows + from[j] * t->n_columns));
        to[k] = takes_left ? from[i++] : from[j++];
      }
    }
    int32_t *swapped = from;
    from = to;
    to = swapped;
  }
  r->spare = from;
  return READ;
}

static int keeps_columns(struct reader *r, const struct table *t, int64_t n) {
  int64_t first = r->n_cells;
  if (grow((void **)&r->cells, &r->cells_size, first + n * t->n_columns, sizeof *r->cells))
    return NO_MEMORY;
  for (int32_t column = 0; column < t->n_columns; column++)
    for (int64_t i = 0; i < n; i++)
      r->cells[first + column * n + i] = r->rows[(int64_t)r->spare[i] * t->n_columns + column];
  r->n_cells += n * t->n_columns;
  return READ;
}

static int reads_table(struct reader *r, const struct table *t, int64_t *n_rows) {
  int64_t blank[MOST_COLUMNS], n = 0;
  int32_t followers[MOST_COLUMNS + 1];
  int status;
  for (int32_t i = 0; i <= t->n_columns; i++) followers[i] = i < t->n_columns ? i : 0;
  if (!takes(r, '[')) return ODD;
  *n_rows = 0;
  if (takes(r, ']')) return READ;
  make_blank(r->spec, t, blank);
  do {
    int64_t size = (n + 1) * t->n_columns;
    if (size > INT32_MAX) return ODD;
    if (grow((void **)&r->rows, &r->rows_size, size, sizeof *r->rows)) return NO_MEMORY;
    int64_t *row = r->rows + n++ * t->n_columns;
    memcpy(row, blank, (size_t)t->n_columns * sizeof *row);
    if ((status = reads_row(r, t, row, followers)) != READ) return status;
  } while (takes(r, ','));
  if (!takes(r, ']')) return ODD;
  if ((status = dates_versions(r, t, &n)) != READ) return status;
  *n_rows = n;
  if ((status = sorts(r, t, n)) != READ) return status;
  return keeps_columns(r, t, n);
}

/* --- the request ------------------------------------------------------------------ */

static int reads_events(struct reader *r) {
  const struct spec *spec = r->spec;
  if (!takes(r, '{')) return ODD;
  if (takes(r, '}')) return READ;
  do {
    struct span name;
    int32_t k = 0;
    if (!takes_string(r, &name) || !takes(r, ':')) return ODD;
    while (k < spec->n_tables && !is_span(name, spec->tables[k].name, spec->tables[k].name_size))
      k++;
    if (k == spec->n_tables || r->n_rows[k] >= 0) return ODD; /* unknown, or twice */
    r->firsts[k] = r->n_cells;
    int status = reads_table(r, &spec->tables[k], &r->n_rows[k]);
    if (status != READ) return status;
  } while (takes(r, ','));
  return takes(r, '}') ? READ : ODD;
}

static int reads_body(struct reader *r, const char *body) {
  if (!takes(r, '{') || takes(r, '}')) return ODD;
  do {
    struct span name;
    if (!takes_string(r, &name) || !takes(r, ':')) return ODD;
    if (!is_span(name, "events", 6)) {
      if (!skips_value(r)) return ODD;
      continue;
    }
    if (r->found.events_end) return ODD; /* there twice */
    r->found.events_begin = r->at - body;
    int status = reads_events(r);
    if (status != READ) return status;
    r->found.events_end = r->at - body;
  } while (takes(r, ','));
  return takes(r, '}') && r->at == r->end && r->found.events_end ? READ : ODD;
}

static int joins_texts(struct reader *r) {
  int64_t size = 0;
  for (int64_t k = 0; k < r->n_texts; k++) size += r->texts[k].size + 1;
  if (grow((void **)&r->joined, &r->joined_size, size + 1, 1)) return NO_MEMORY;
  char *to = r->joined;
  for (int64_t k = 0; k < r->n_texts; k++) {
    memcpy(to, r->texts[k].start, (size_t)r->texts[k].size);
    to += r->texts[k].size;
    *to++ = '\n';
  }
  r->found.texts = r->joined;
  r->found.texts_size = size;
  return READ;
}

struct reader *reader_new(const struct spec *spec) {
  struct reader *r = calloc(1, sizeof *r);
  if (!r) return NULL;
  r->spec = spec;
  r->n_rows = calloc(2 * (size_t)spec->n_tables, sizeof *r->n_rows);
  r->firsts = r->n_rows + spec->n_tables;
  if (r->n_rows) return r;
  free(r);
  return NULL;
}

void reader_free(struct reader *r) {
  free(r->n_rows);
  free(r->rows);
  free(r->cells);
  free(r->texts);
  free(r->slots);
  free(r->keys);
  free(r->earlier);
  free(r->order);
  free(r->joined);
  free(r->unescaped);
  free(r);
}

/* READ and what was found in `*found`; ODD where somebody else has to look */
int32_t reader_read(struct reader *r, const char *body, int64_t size,
                    const struct found **found) {
  r->found = (struct found){.customer = -1};
  r->at = body;
  r->end = body + size;
  r->n_cells = r->n_texts = r->n_unescaped = 0;
  if (grow((void **)&r->unescaped, &r->unescaped_size, size, 1)) return NO_MEMORY;
  if (r->slots) memset(r->slots, 0xff, (size_t)r->n_slots * sizeof *r->slots);
  for (int32_t k = 0; k < r->spec->n_tables; k++) r->n_rows[k] = -1;
  int status = reads_body(r, body);
  if (status == READ) status = joins_texts(r);
  r->found.unknown = r->unknown;
  r->found.n_rows = r->n_rows;
  r->found.firsts = r->firsts;
  r->found.cells = r->cells;
  r->found.n_cells = r->n_cells;
  *found = &r->found;
  return status;
}
