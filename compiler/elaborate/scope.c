/* Names: scopes, bindings, and what instances and the names that they own are called. */
#include <string.h>
#include "elaborate/elaborator.h"

Scope *scope_new(Elaborator *e, Scope *parent) {
  Scope *scope = ARENA_NEW(e->arena, Scope);
  if (parent != NULL) *scope = *parent;
  scope->parent = parent;
  scope->names = map_new(e->arena);
  scope->turn = false;
  return scope;
}

Binding *scope_find(const Scope *scope, const char *name) {
  for (; scope != NULL; scope = scope->parent) {
    Binding *binding = map_get(&scope->names, name);
    if (binding == NULL) continue;
    if (binding->unread != NULL) read_definition(binding);
    return binding;
  }
  return NULL;
}

static bool is_primed(const char *name) { return name[strlen(name) - 1] == '\''; }

/* In a turn of `repeat` a name that is bound outside carries over. */
static Scope *binding_scope(Scope *scope, const char *name) {
  for (Scope *at = scope; at->turn; at = at->parent)
    if (map_get(&at->parent->names, name) != NULL) return at->parent;
  return scope;
}

void note_binding(Elaborator *e, Span span, const Value *value) {
  bool asked = e->notes && e->variant == NULL; /* an export's own sizes are not everybody's */
  if (!asked || value_failed(value) || span.source == NULL || span.source->prelude) return;
  ARRAY_PUSH(e->arena, &e->noted, (Noted){span, *value});
}

void scope_bind(Elaborator *e, Scope *scope, const char *name, Value value, Span span) {
  Scope *at = binding_scope(scope, name);
  Binding *old = map_get(&at->names, name);
  if (old != NULL && !scope->rebinds && !is_primed(name)) {
    diag_error(e->diag, span, "`%s` is defined twice", name);
    diag_note(e->diag, old->span, "first here");
    TensorId id;
    TensorKind kind = value_is_whole(e, &old->value, &id) ? tensor_at(e->graph, id)->kind
                                                          : TENSOR_DEFINITION;
    if (kind == TENSOR_PARAM || kind == TENSOR_STATE)
      diag_hint(e->diag, "its next value is given by `<-`: %s <- …", name);
    else
      diag_hint(e->diag, "a name stands for one value; choose another one for the second");
    return;
  }
  Binding *binding = ARENA_NEW(e->arena, Binding);
  *binding = (Binding){.value = value, .span = span};
  map_set(&at->names, name, binding);
  note_binding(e, span, &value);
}

/* --- owners --- */

Owner *owner_new(Elaborator *e, Owner *outer, const char *name, const char *iteration,
                 const void *site) {
  Owner *owner = ARENA_NEW(e->arena, Owner);
  *owner = (Owner){.outer = outer, .name = name, .iteration = iteration, .site = site};
  owner->counters = map_new(e->arena);
  return owner;
}

/* The number of a call among those of the same name in its owner: the same in every elaboration. */
static uint32_t site_number(Elaborator *e, Owner *outer, const Owner *owner) {
  const char *key =
      arena_printf(e->arena, "%s|%s|%p", owner_path(e, outer), owner->name, owner->site);
  uint32_t *number = map_get(&e->sites, key);
  if (number != NULL && owner->site != NULL) return *number;
  uint32_t *last = map_get(&outer->counters, owner->name);
  if (last == NULL) {
    last = ARENA_NEW(e->arena, uint32_t);
    map_set(&outer->counters, owner->name, last);
  }
  number = ARENA_NEW(e->arena, uint32_t);
  *number = ++*last;
  map_set(&e->sites, key, number);
  return *number;
}

/* dense1, dense2, … for layers; cross_entropy, cross_entropy2, … for functions. */
const char *owner_path(Elaborator *e, Owner *owner) {
  if (owner->path != NULL) return owner->path;
  const char *base = owner_path(e, owner->outer);
  uint32_t number = site_number(e, owner->outer, owner);
  bool layer = owner->site != NULL;
  if (number == 1 && !layer)
    owner->path = arena_printf(e->arena, "%s%s%s.", base, owner->name, owner->iteration);
  else
    owner->path = arena_printf(e->arena, "%s%s%u%s.", base, owner->name, number, owner->iteration);
  return owner->path;
}

const char *full_name(Elaborator *e, const Scope *scope, const char *name) {
  const char *path = owner_path(e, scope->owner);
  if (e->variant == NULL) return arena_printf(e->arena, "%s%s", path, name);
  return arena_printf(e->arena, "%s.%s%s", e->variant, path, name);
}

const char *temporary_name(const Elaborator *e, const char *what) {
  return e->naming == NULL ? what : arena_printf(e->arena, "%s.%s", e->naming, what);
}

/* In the third turn of a `repeat`, W is W_2. */
const char *owned_name(Elaborator *e, const Scope *scope, const char *name) {
  Text text = text_new(e->arena);
  text_printf(&text, "%s%s", owner_path(e, scope->owner), name);
  for (const char *c = scope->iteration; *c != '\0'; c++)
    if (*c != ']') text_printf(&text, "%c", *c == '[' ? '_' : *c);
  return text_string(&text);
}
