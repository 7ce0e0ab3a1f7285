// static.mjs DAGC MODEL.dag [MOST]: the page of a model read as text, without a browser: tags match,
// ids are there once, every link leads to one, nothing comes from elsewhere, and all of the gradient,
// of the source, and of the C is there. MOST: bytes that it may have.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { readPage, unescaped } from "./page.mjs";

const [dagc, model, most] = process.argv.slice(2);
const run = (...args) =>
  execFileSync(dagc, [model, "--target", "generic", ...args], { maxBuffer: 1 << 28 }).toString();
const fail = (message) => {
  console.error(`FAILED: ${model}: ${message}`);
  process.exitCode = 1;
};

const html = run("--emit=html");
const ids = new Set(), goals = [];
let words = "";
readPage(html, {
  element(name, values) {
    if ("id" in values) {
      if (ids.has(values.id)) fail(`two elements are called ${values.id}`);
      ids.add(values.id);
    }
    if ("src" in values) fail(`<${name}> is loaded from ${values.src}`);
    if ("href" in values && values.href.startsWith("#")) goals.push(values.href.slice(1));
    else if ("href" in values && values.href !== "data:,") fail(`a link leads to ${values.href}`);
    for (const id of values["data-with"]?.split(" ") ?? []) goals.push(id);
  },
  text(piece) {
    words += unescaped(piece);
  },
});
for (const goal of goals) if (!ids.has(goal)) fail(`a link leads to ${goal}, which is not there`);
if (/url\(|@import|https?:/.test(html.replace(/<pre[^]*?<\/pre>/g, "")))
  fail("something is to be loaded");
if (html.length > Number(most ?? Infinity)) fail(`${html.length} bytes`);

const pieces = (text) => text.split("\n").map((line) => line.replace(/\s+# .*$/, "").trim());
const expect = (what, text) => {
  for (const line of text) if (!words.includes(line)) fail(`${what} is missing: ${line}`);
};
const shown = (text) =>
  text.replace(/[\x00-\x08\x0b-\x1f\x7f]/g, (c) =>
    String.fromCodePoint(c === "\x7f" ? 0x2421 : 0x2400 + c.charCodeAt(0)));
const grad = pieces(run("--emit=grad"));
const elsewhere = /^(dim|const|state|export|data|valid) /; // in the source, with the updates, in it
expect("of the gradient", grad.filter((line) => / = | <- /.test(line) && !elsewhere.test(line)));
expect("of the source", shown(readFileSync(model, "utf8").replaceAll("\r\n", "\n")).split("\n"));
const lines = new Set(words.split("\n"));
for (const line of run().split("\n")) if (!lines.has(line)) fail(`of the C is missing: ${line}`);
const kernels = [...run("--emit=kernels").matchAll(/^kernel (\w+)\(/gm)];
kernels.forEach((_, k) => ids.has(`k${k}`) || fail(`kernel ${k} has no place`));
