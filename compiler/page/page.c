#include "page/page.h"
#include <string.h>
#include "page/parts.h"
#include "support/embedded.h"

static const char *embedded_text(const char *name) {
  for (const EmbeddedFile *file = page_text; file->path != NULL; file++) {
    const char *slash = strrchr(file->path, '/');
    if (strcmp(slash == NULL ? file->path : slash + 1, name) == 0) return file->text;
  }
  bug("page", "the compiler carries no %s", name);
}

/* Nothing is loaded from anywhere: the policy forbids it. */
static void write_head(const Page *p) {
  text_add(
      p->out,
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
      "style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n"
      "<meta name=\"generator\" content=\"dagc\">\n<link rel=\"icon\" href=\"data:,\">\n<title>");
  html_string(p->out, p->program->name);
  text_printf(p->out, " – dagc</title>\n<style>\n%s</style>\n</head>\n<body>\n",
              embedded_text("page.css"));
}

/* --- what stands above --- */

static void begin_figure(const Page *p, const char *what) {
  text_printf(p->out, "<div><dt>%s</dt><dd>", what);
}

static void write_params(const Page *p) {
  const Program *program = p->program;
  double numbers = 0, bytes = 0;
  for (uint32_t i = 0; i < program->n_params; i++) {
    const Tensor *t = page_tensor(p, program->params[i]);
    numbers += (double)tensor_size(t);
    bytes += (double)tensor_size(t) * type_bytes(tensor_stored(program->graph, program->params[i]));
  }
  begin_figure(p, "parameters");
  html_integer(p->out, numbers);
  text_add(p->out, " <small>");
  html_amount(p->out, bytes, "B");
  text_add(p->out, "</small></dd></div>\n");
}

static void write_work(const Page *p) {
  static const char *const names[N_PARTS] = {"forward", "backward", "update"};
  const EntryPlan *e = page_entry(p, 0);
  double total = p->totals[0].operations, parts[N_PARTS] = {0};
  if (total == 0) return;
  for (uint32_t i = 0; i < e->n_calls; i++)
    for (int k = 0; k < N_PARTS; k++) parts[k] += e->calls[i].cost[k].operations;
  begin_figure(p, e->entry != NULL && e->entry->kind == ENTRY_STEP ? "a training step" : "a call");
  html_amount(p->out, total, "flop");
  text_add(p->out, "<span class=\"parts\">");
  for (int k = 0; k < N_PARTS; k++)
    if (parts[k] > 0) write_bar(p, part_class(k), parts[k] / total);
  text_add(p->out, "</span><small>");
  const char *between = "";
  for (int k = 0; k < N_PARTS; k++) {
    if (parts[k] == 0) continue;
    text_printf(p->out, "%s<span class=\"%s\">%s</span> ", between, part_class(k), names[k]);
    html_share(p->out, parts[k] / total);
    between = ", ";
  }
  text_add(p->out, "</small></dd></div>\n");
}

static void write_sizes(const Page *p) {
  double kept = 0;
  for (BufferId i = 0; i < p->plan->n_buffers; i++) {
    const Buffer *b = &p->plan->buffers[i];
    if (b->kind == BUFFER_PARAM) kept += (double)(b->elements * element_bytes(b));
  }
  begin_figure(p, "memory");
  html_amount(p->out, kept + (double)p->plan->workspace_bytes, "B");
  text_add(p->out, " <small>");
  html_amount(p->out, kept, "B");
  text_add(p->out, " of params and states, ");
  html_amount(p->out, (double)p->plan->workspace_bytes, "B");
  text_add(p->out, " of workspace</small></dd></div>\n");
}

static void write_size_of_code(const Page *p) {
  double lines = 0;
  for (const char *c = p->c; *c != '\0'; c++) lines += *c == '\n';
  begin_figure(p, "C");
  html_integer(p->out, lines);
  text_printf(p->out, " lines <small>%u kernels, for %s</small></dd></div>\n", p->plan->n_kernels,
              p->plan->target->name);
}

static void write_header(const Page *p) {
  text_add(
      p->out,
      "<a class=\"skip\" href=\"#program\">to the model</a>\n<header>\n<div class=\"title\"><h1>");
  html_string(p->out, p->program->name);
  text_add(p->out, "</h1>\n<nav aria-label=\"sections\"><a href=\"#program\">model</a> <a "
                   "href=\"#costs\">costs</a> "
                   "<a href=\"#memory\">memory</a> <a href=\"#code\">C</a></nav>\n"
                   "<label><input type=\"checkbox\" id=\"full\"> full names</label></div>\n<dl>\n");
  write_params(p);
  write_work(p);
  write_sizes(p);
  write_size_of_code(p);
  text_add(p->out, "</dl>\n</header>\n");
}

/* --- */

static void index_lines(Page *p) {
  Printer printer = listing_printer(&p->outline.listing, p->out);
  p->lines = dump_definitions(&printer, &p->outline.listing);
}

static void write_c_file(Page *p) {
  Text c = text_new(p->arena);
  EmitOptions options = {0};
  p->code = emit_c(&c, p->program, &p->plan, 1, &options);
  p->c = text_string(&c);
  p->kernels = map_new(p->arena);
  for (KernelId i = 0; i < p->plan->n_kernels; i++) {
    KernelId *id = ARENA_NEW(p->arena, KernelId);
    *id = i;
    map_set(&p->kernels, p->code.names[i], id);
  }
}

void write_page(Text *out, const Program *program, const Plan *plan) {
  Page p = {.arena = out->arena,
            .out = out,
            .program = program,
            .plan = plan,
            .outline = outline_program(program),
            .n_tensors = program->graph->n_tensors};
  index_lines(&p);
  write_c_file(&p);
  find_calls(&p);
  find_costs(&p);
  write_head(&p);
  write_header(&p);
  text_add(out, "<main>\n<div class=\"left\">\n<div class=\"study\">\n");
  write_source(&p);
  write_program(&p);
  text_add(out, "</div>\n");
  write_updates(&p);
  write_others(&p);
  write_costs(&p);
  write_memory(&p);
  text_add(out, "</div>\n");
  write_code(&p);
  text_printf(out, "</main>\n<footer>Made by dagc from ");
  html_string(out, program->path);
  text_printf(out, ".</footer>\n<script>\n%s</script>\n</body>\n</html>\n",
              embedded_text("page.js"));
}
