/* Text in colours: <i> a comment, <b> a keyword or type, <em> a string, <u> a directive of C, <a> a
   tensor or kernel; in that <s> is what a short name leaves out, and an empty <u> a dot instead. */
#include <ctype.h>
#include <string.h>
#include "page/parts.h"
#include "support/c_words.h"
#include "syntax/tokens.h"

static void write_in(Text *out, const char *element, const char *text, size_t length) {
  text_printf(out, "<%s>", element);
  html_text(out, text, length);
  text_printf(out, "</%s>", element);
}

static bool begins_word(char c) { return isalpha((unsigned char)c) || c == '_'; }
static bool is_word(char c) { return isalnum((unsigned char)c) || c == '_'; }

static size_t word_length(const char *text, size_t length) {
  size_t n = 0;
  while (n < length && is_word(text[n])) n++;
  return n;
}

static size_t string_length(const char *text, size_t length) {
  size_t n = 1;
  while (n < length && text[n] != '"' && text[n] != '\n') n += text[n] == '\\' ? 2 : 1;
  return n < length ? n + 1 : length;
}

static size_t line_rest(const char *text, size_t length) {
  const char *end = memchr(text, '\n', length);
  return end == NULL ? length : (size_t)(end - text);
}

/* --- the language --- */

/* `.W` or `[0].W` that goes on a name; 0: it ends. */
static size_t path_step(const char *text, size_t length) {
  size_t n = 0;
  if (n < length && text[n] == '[') {
    for (n++; n < length && isdigit((unsigned char)text[n]); n++) continue;
    if (n == 1 || n == length || text[n++] != ']') return 0;
  }
  if (n + 1 >= length || text[n] != '.' || !begins_word(text[n + 1])) return 0;
  return n + 1 + word_length(text + n + 1, length - n - 1);
}

/* The longest beginning that is the name of a tensor with a place; its length, 0: none. */
static size_t tensor_length(const Page *p, const char *text, size_t length, TensorId *tensor) {
  size_t best = 0;
  for (size_t n = word_length(text, length), step = n; step > 0;) {
    bool primed = n < length && text[n] == '\'';
    TensorId id = graph_find(p->program->graph, arena_strndup(p->arena, text, n));
    if (id != TENSOR_NONE && has_place(p, id)) {
      best = n + primed; /* what is new of a param is shown with it */
      *tensor = id;
    }
    step = path_step(text + n, length - n);
    n += step;
  }
  return best;
}

/* The bytes of the longest path that both the name and the layer begin with; *up: how many layers
   that is outside of `layer`. */
static size_t common_path(const char *name, size_t length, const char *layer, int *up) {
  *up = 0;
  for (size_t n = strlen(layer); n > 0; n--) {
    if (layer[n] != '\0' && layer[n] != '.') continue;
    if (n < length && name[n] == '.' && strncmp(name, layer, n) == 0) return n;
    ++*up;
  }
  return 0;
}

/* Of a name in the layer `.W` is shown, of one in the layer around it `..W`. */
static void write_tensor(const Page *p, const char *name, size_t length, TensorId id,
                         const char *layer) {
  int up;
  size_t path = common_path(name, length, layer, &up);
  text_printf(p->out, "<a href=\"#d%u\">", id);
  if (path > 0) write_in(p->out, "s", name, path);
  for (; path > 0 && up > 0; up--) text_add(p->out, "<u></u>");
  html_text(p->out, name + path, length - path);
  text_add(p->out, "</a>");
}

void write_dag(const Page *p, const char *text, size_t length, const char *layer) {
  for (size_t i = 0; i < length;) {
    size_t rest = length - i, n = 1;
    TensorId tensor = TENSOR_NONE;
    if (text[i] == '#') {
      n = line_rest(text + i, rest);
      write_in(p->out, "i", text + i, n);
    } else if (text[i] == '"') {
      n = string_length(text + i, rest);
      write_in(p->out, "em", text + i, n);
    } else if (isdigit((unsigned char)text[i])) {
      n = word_length(text + i, rest);
      html_text(p->out, text + i, n);
    } else if (begins_word(text[i])) {
      n = layer == NULL ? 0 : tensor_length(p, text + i, rest, &tensor);
      if (n == 0) n = word_length(text + i, rest);
      if (tensor != TENSOR_NONE)
        write_tensor(p, text + i, n, tensor, layer);
      else if (is_keyword(keyword_kind(arena_strndup(p->arena, text + i, n))))
        write_in(p->out, "b", text + i, n);
      else
        html_text(p->out, text + i, n);
    } else {
      while (n < rest && text[i + n] != '#' && text[i + n] != '"' && !is_word(text[i + n])) n++;
      html_text(p->out, text + i, n);
    }
    i += n;
  }
}

/* --- C --- */

static bool is_type_name(const char *word) {
  size_t length = strlen(word);
  return length > 2 && strcmp(word + length - 2, "_t") == 0;
}

static size_t comment_length(const char *text, size_t length) {
  for (size_t n = 2; n + 1 < length; n++)
    if (text[n] == '*' && text[n + 1] == '/') return n + 2;
  return length;
}

/* A directive, with the lines that it goes on to. */
static size_t directive_length(const char *text, size_t length) {
  size_t n = line_rest(text, length);
  while (n < length && text[n - 1] == '\\') n += 1 + line_rest(text + n + 1, length - n - 1);
  return n;
}

/* The kernel that is called, or defined, by that name: `mlp_` before what the plan calls it. */
static const KernelId *kernel_named(const Page *p, const char *word) {
  return map_get(&p->kernels, word);
}

static void write_word(const Page *p, const char *text, size_t n) {
  const char *word = arena_strndup(p->arena, text, n);
  const KernelId *kernel = kernel_named(p, word);
  if (kernel != NULL)
    text_printf(p->out, "<a href=\"#k%u\">%s</a>", *kernel, word);
  else if (is_c_keyword(word) || is_type_name(word))
    write_in(p->out, "b", text, n);
  else
    html_text(p->out, text, n);
}

void write_c(const Page *p, const char *text, size_t length) {
  for (size_t i = 0; i < length;) {
    size_t rest = length - i, n = 1;
    bool first = i == 0 || text[i - 1] == '\n';
    if (text[i] == '#' && first) {
      n = directive_length(text + i, rest);
      write_in(p->out, "u", text + i, n);
    } else if (rest > 1 && text[i] == '/' && text[i + 1] == '*') {
      n = comment_length(text + i, rest);
      write_in(p->out, "i", text + i, n);
    } else if (text[i] == '"') {
      n = string_length(text + i, rest);
      write_in(p->out, "em", text + i, n);
    } else if (is_word(text[i])) {
      n = word_length(text + i, rest);
      write_word(p, text + i, n);
    } else {
      while (n < rest && text[i + n] != '/' && text[i + n] != '"' && text[i + n] != '#' &&
             !is_word(text[i + n]))
        n++;
      html_text(p->out, text + i, n);
    }
    i += n;
  }
}
