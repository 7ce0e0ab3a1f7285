/* --emit=dot: the graph as a picture for graphviz. On one side stand the forward definitions, from
   the inputs down to the loss; on the other each adjoint stands opposite what it is the adjoint of,
   so that the backward sweep goes up. Layers are clusters, on both sides.

   Ranks come from the forward edges alone. An edge of the sweep goes up, and is written from its
   head to its tail with dir=back; what the adjoints read of the forward side crosses over, and has
   no say in the ranks. */
#include <inttypes.h>
#include <string.h>
#include "graph/outline.h"

enum { LABEL_COLUMNS = 46, LABEL_LINES = 3 };

typedef struct Dot {
  const Outline *o;
  Text *out;
  bool *drawn;        /* per tensor */
  const char **texts; /* per line: `name[i, j] = …` */
  uint32_t *place;    /* per line: in the order of evaluation */
  uint32_t clusters;
} Dot;

static const Tensor *at(const Dot *d, TensorId id) { return tensor_at(d->o->program->graph, id); }

/* Text between the quotes of a label. */
static void add_quoted(Text *out, const char *text, size_t length) {
  for (size_t i = 0; i < length; i++) {
    if (text[i] == '"' || text[i] == '\\') text_add(out, "\\");
    text_addn(out, &text[i], 1);
  }
}

/* --- labels --- */

/* How many bytes of text a line of the label takes: to a blank, if there is one. */
static size_t line_length(const char *text) {
  size_t end = 0, blank = 0;
  for (int columns = 0; text[end] != '\0'; end++) {
    if ((text[end] & 0xc0) == 0x80) continue;
    if (text[end] == ' ' && columns > LABEL_COLUMNS / 3) blank = end;
    if (columns++ == LABEL_COLUMNS) return blank > 0 ? blank : end;
  }
  return end;
}

/* The value of a line, without the path that the cluster around it says already. */
static const char *short_value(const Dot *d, TensorId id) {
  Arena *arena = d->o->program->arena;
  const char *value = strstr(d->texts[id], " = ");
  const char *path = arena_printf(arena, "%s.", d->o->layer[id]);
  size_t length = strlen(path);
  if (value == NULL) return "";
  if (length == 1) return value + 3;
  Text text = text_new(arena);
  for (const char *c = value + 3; *c != '\0'; c++) {
    char before = c[-1];
    bool begins = strncmp(c, path, length) == 0 &&
                  (before == ' ' || before == '(' || before == '[' || before == '-');
    if (begins) c += length;
    text_addn(&text, c, 1);
  }
  return text_string(&text);
}

static void add_value_lines(const Dot *d, TensorId id) {
  const char *rest = short_value(d, id);
  for (int line = 0; *rest != '\0'; line++) {
    size_t length = line_length(rest);
    bool last = line == LABEL_LINES - 1 && rest[length] != '\0';
    text_add(d->out, "\\n");
    add_quoted(d->out, rest, length);
    if (last) {
      text_add(d->out, " …");
      return;
    }
    rest += length;
    while (*rest == ' ') rest++;
  }
}

/* The name, as far as the cluster around it does not say it. */
static const char *short_name(const Dot *d, TensorId id) {
  const char *name = at(d, id)->name, *path = d->o->layer[id];
  size_t length = strlen(path);
  bool within = length > 0 && strncmp(name, path, length) == 0 && name[length] == '.';
  return within ? name + length + 1 : name;
}

/* `64×10` */
static void add_shape(Text *out, const Tensor *t) {
  for (uint32_t i = 0; i < t->rank; i++)
    text_printf(out, "%s%" PRId64, i > 0 ? "×" : "", t->extents[i]);
}

static const char *style_of(const Dot *d, TensorId id) {
  switch (at(d, id)->kind) {
  case TENSOR_INPUT: return "shape=ellipse, fillcolor=\"#f1f3f5\", color=\"#868e96\"";
  case TENSOR_PARAM:
    return "shape=box, style=filled, fillcolor=\"#e6f4e8\", color=\"#2f7d3b\", penwidth=2";
  case TENSOR_STATE:
    return "shape=box, style=\"filled,dashed\", fillcolor=\"#f3effa\", color=\"#7048b6\"";
  case TENSOR_DEFINITION:
  case TENSOR_STAND_IN:
  case TENSOR_RESHAPE:
  case TENSOR_DERIVATIVE: break;
  }
  return d->o->backward[id] ? "fillcolor=\"#fdeede\", color=\"#b95c00\""
                            : "fillcolor=\"#e7f0fb\", color=\"#2b6cb0\"";
}

static void draw_node(const Dot *d, TensorId id, int depth) {
  const Tensor *t = at(d, id);
  text_printf(d->out, "%*st%u [%s, label=\"", 2 * depth, "", id, style_of(d, id));
  add_quoted(d->out, short_name(d, id), strlen(short_name(d, id)));
  if (d->texts[id] == NULL) {
    text_add(d->out, "\\n");
    text_add(d->out, type_name(tensor_stored(d->o->program->graph, id)));
    text_add(d->out, t->rank > 0 ? " " : "");
    add_shape(d->out, t);
  } else {
    add_value_lines(d, id);
  }
  text_add(d->out, "\", tooltip=\"");
  const char *tip = d->texts[id] == NULL ? t->name : d->texts[id];
  add_quoted(d->out, tip, strlen(tip));
  text_add(d->out, "\"]\n");
}

/* --- clusters --- */

/* Whether a layer is `path`, or in it. */
static bool is_within(const char *layer, const char *path) {
  size_t length = strlen(path);
  return length == 0 ||
         (strncmp(layer, path, length) == 0 && (layer[length] == '\0' || layer[length] == '.'));
}

/* The path one step deeper than `path` towards `layer`. */
static const char *next_path(Arena *arena, const char *layer, const char *path) {
  size_t from = strlen(path) + (*path != '\0');
  return arena_strndup(arena, layer, from + strcspn(layer + from, "."));
}

static void draw_layer(Dot *d, const TensorId *ids, size_t n, const char *path, int depth);

static void draw_cluster(Dot *d, const TensorId *ids, size_t n, const char *path,
                         const char *outside, int depth) {
  const char *name = path + strlen(outside) + (*outside != '\0');
  text_printf(d->out, "%*ssubgraph cluster_%u {\n%*slabel=\"", 2 * depth, "", d->clusters++,
              2 * depth + 2, "");
  add_quoted(d->out, name, strlen(name));
  text_add(d->out, "\"; peripheries=1\n");
  draw_layer(d, ids, n, path, depth + 1);
  text_printf(d->out, "%*s}\n", 2 * depth, "");
}

/* Of some tensors those within the path: by themselves, or in clusters. */
static void draw_layer(Dot *d, const TensorId *ids, size_t n, const char *path, int depth) {
  Arena *arena = d->o->program->arena;
  Map begun = map_new(arena);
  for (size_t i = 0; i < n; i++) {
    const char *layer = d->o->layer[ids[i]];
    if (!is_within(layer, path)) continue;
    if (strcmp(layer, path) == 0) {
      draw_node(d, ids[i], depth);
      continue;
    }
    const char *next = next_path(arena, layer, path);
    if (map_get(&begun, next) != NULL) continue;
    map_set(&begun, next, &begun);
    draw_cluster(d, ids, n, next, path, depth);
  }
}

typedef ARRAY(TensorId) Ids;

static void draw_side(Dot *d, const Ids *ids, const char *label) {
  if (ids->count == 0) return;
  text_printf(d->out, "  subgraph cluster_%s {\n    label=\"%s\"; peripheries=0\n", label, label);
  draw_layer(d, ids->items, ids->count, "", 2);
  text_add(d->out, "  }\n");
}

/* --- edges --- */

/* Whether what is read there was computed in an earlier step of a recurrence. */
static bool is_earlier(const Dot *d, TensorId from, TensorId to) {
  const Group *group = d->o->listing.groups[to];
  return group != NULL && group == d->o->listing.groups[from] && d->place[from] >= d->place[to];
}

static void draw_edge(const Dot *d, TensorId from, TensorId to) {
  if (d->o->backward[to] && !d->o->backward[from] && d->o->opposite[to] == from) return;
  bool up = d->o->backward[from] && d->o->backward[to];
  bool crosses = !d->o->backward[from] && d->o->backward[to];
  bool earlier = is_earlier(d, from, to);
  text_printf(d->out, "  t%u -> t%u [", up ? to : from, up ? from : to);
  if (crosses || earlier) text_add(d->out, "constraint=false, ");
  if (up) text_add(d->out, "dir=back, ");
  if (earlier) text_add(d->out, "style=dashed, ");
  if (crosses) {
    text_add(d->out, "color=\"#adb5bd80\", style=dashed, arrowsize=0.5]\n");
    return;
  }
  text_printf(d->out, "color=\"%s\", label=\"", up ? "#b95c00" : "#2b6cb0");
  add_shape(d->out, at(d, from));
  text_add(d->out, "\"]\n");
}

static void draw_edges(const Dot *d, const Ids *ids) {
  for (size_t i = 0; i < ids->count; i++) {
    TensorList reads = d->o->reads[ids->items[i]];
    for (uint32_t k = 0; k < reads.count; k++)
      if (d->drawn[reads.items[k]]) draw_edge(d, reads.items[k], ids->items[i]);
  }
}

/* The first adjoint of a line is on its rank. */
static void draw_opposites(const Dot *d, const Ids *adjoints) {
  bool *has = ARENA_ARRAY(d->o->program->arena, bool, d->o->program->graph->n_tensors + 1);
  for (size_t i = 0; i < adjoints->count; i++) {
    TensorId id = adjoints->items[i], of = d->o->opposite[id];
    if (of == TENSOR_NONE || !d->drawn[of] || has[of] || !at(d, id)->is_adjoint) continue;
    has[of] = true;
    text_printf(d->out,
                "  {rank=same; t%u -> t%u [style=dotted, color=\"#adb5bd\", arrowhead=none]}\n", of,
                id);
  }
}

/* --- what is drawn --- */

/* What the derivatives need; everything, where there are none. */
static bool *find_drawn(const Outline *o) {
  bool *drawn = outline_derivatives(o);
  return drawn != NULL ? drawn : outline_needs(o, o->listing.order.items, o->listing.order.count);
}

static void write_texts(const Dot *d) {
  Text unused = text_new(d->o->program->arena);
  Printer p = listing_printer(&d->o->listing, &unused);
  DumpLines lines = dump_definitions(&p, &d->o->listing);
  for (size_t i = 0; i < lines.items.count; i++) {
    const DumpLine *line = &lines.items.items[i];
    if (line->tensor != TENSOR_NONE) d->texts[line->tensor] = line->text + strspn(line->text, " ");
  }
}

void print_dot(Text *out, const Program *program) {
  Arena *arena = program->arena;
  Outline o = outline_program(program);
  uint32_t n = program->graph->n_tensors;
  Dot d = {.o = &o,
           .out = out,
           .drawn = find_drawn(&o),
           .texts = ARENA_ARRAY(arena, const char *, n + 1),
           .place = ARENA_ARRAY(arena, uint32_t, n + 1)};
  write_texts(&d);
  Ids forward = {0}, backward = {0};
  for (TensorId id = 0; id < n; id++) /* declarations are no lines of the order */
    if (d.drawn[id] && d.texts[id] == NULL) ARRAY_PUSH(arena, &forward, id);
  for (uint32_t i = 0; i < o.listing.order.count; i++) {
    TensorId id = o.listing.order.items[i];
    d.place[id] = i;
    if (!d.drawn[id] || o.line[id] != id) continue;
    if (o.backward[id])
      ARRAY_PUSH(arena, &backward, id);
    else
      ARRAY_PUSH(arena, &forward, id);
  }
  text_printf(out,
              "digraph \"%s\" {\n"
              "  graph [newrank=true, fontname=\"Helvetica\", fontsize=13, nodesep=0.25, "
              "ranksep=0.35, color=\"#ced4da\", style=rounded]\n"
              "  node [shape=box, style=\"filled,rounded\", fontname=\"Helvetica\", fontsize=11, "
              "margin=\"0.12,0.06\"]\n"
              "  edge [fontname=\"Helvetica\", fontsize=9, fontcolor=\"#495057\", arrowsize=0.7]\n",
              program->name);
  draw_side(&d, &forward, "forward");
  draw_side(&d, &backward, "backward");
  draw_edges(&d, &forward);
  draw_edges(&d, &backward);
  draw_opposites(&d, &backward);
  text_add(out, "}\n");
}
