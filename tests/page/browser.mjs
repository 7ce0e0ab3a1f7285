// browser.mjs DAGC MODEL.dag FOLDER: the page of a model in Chromium: no errors, nothing loaded, what
// belongs together is marked under the pointer, by the keyboard and after a click, also without
// scripts there is all to read, light and dark differ, nothing is too wide for a phone, and text can
// be told from what is behind it. Leaves screenshots in FOLDER.
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [dagc, model, folder] = process.argv.slice(2);
const fail = (message) => {
  console.error(`FAILED: ${message}`);
  process.exitCode = 1;
};
const check = (condition, message) => condition || fail(message);

/* The browser's own processes may still write while their files are removed. */
const remove = (path) => rmSync(path, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
remove(folder);
mkdirSync(folder, { recursive: true });
const file = resolve(folder, "page.html"), url = pathToFileURL(file).href;
execFileSync(dagc, [model, "--target", "generic", "--emit=html", "-o", file]);

// --- the protocol: messages end with a zero byte, on descriptors 3 and 4 ---
const browser = spawn(process.env.CHROMIUM ?? "chromium", [
  "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
  "--disable-extensions", "--disable-background-networking", "--hide-scrollbars",
  "--remote-debugging-pipe", `--user-data-dir=${resolve(folder, "profile")}`, "about:blank",
], { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
const pending = new Map(), listeners = [];
let next = 1, session, rest = "";
browser.stdio[4].on("data", (data) => {
  const messages = (rest + data).split("\0");
  rest = messages.pop();
  for (const message of messages.map((m) => JSON.parse(m))) {
    const waiting = pending.get(message.id);
    pending.delete(message.id);
    if (message.error) waiting.reject(new Error(message.error.message));
    else if (waiting) waiting.resolve(message.result);
    else listeners.forEach((hear) => hear(message));
  }
});
const send = (method, params = {}) =>
  new Promise((resolve, reject) => {
    pending.set(next, { resolve, reject });
    browser.stdio[3].write(JSON.stringify({ id: next++, method, params, sessionId: session }) + "\0");
  });
const heard = (method) =>
  new Promise((done) => listeners.push((m) => m.method === method && done(m.params)));
const open = async () => {
  const loaded = heard("Page.loadEventFired");
  await send("Page.navigate", { url });
  await loaded;
};
const evaluate = async (expression) => {
  const { result, exceptionDetails } =
    await send("Runtime.evaluate", { expression, returnByValue: true, awaitPromise: true });
  if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? expression);
  return result.value;
};
const screenshot = async (name) => {
  const { data } = await send("Page.captureScreenshot", { format: "png" });
  writeFileSync(resolve(folder, `${name}.png`), data, "base64");
  return data;
};
const size = (width, height) =>
  send("Emulation.setDeviceMetricsOverride",
    { width, height, deviceScaleFactor: 1, mobile: width < 600 });
const scheme = (value) =>
  send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value }] });

// --- in the page ---
// Of an element and what it belongs with: which are marked now.
const marks = `(() => ({ on: [...document.querySelectorAll(".on")].map((e) => e.id),
  with: [...document.querySelectorAll(".with")].map((e) => e.id) }))()`;
const lineOf = (name) => `[...document.querySelectorAll(".d > code > a:first-of-type")]
  .find((a) => a.textContent === ${JSON.stringify(name)}).closest(".d").id`;
// The least contrast of text with its background, by WCAG 2, over all text that is shown.
const contrast = `(() => {
  const numbers = (c) => c.match(/[\\d.]+/g).map(Number);
  const light = (c) => {
    const [r, g, b] = c.map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  let least = [99, ""];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let n; (n = walker.nextNode());) {
    const e = n.parentElement;
    if (!n.data.trim() || !e.checkVisibility() || e.closest("svg, script, style")) continue;
    let behind = e;
    while (behind && numbers(getComputedStyle(behind).backgroundColor)[3] === 0) behind = behind.parentElement;
    const a = light(numbers(getComputedStyle(e).color)), b = light(numbers(getComputedStyle(behind).backgroundColor));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < least[0]) least = [ratio, e.outerHTML.slice(0, 120)];
  }
  return least;
})()`;

async function checkLinks() {
  const [z, bar] = [await evaluate(lineOf("dense1.z")), await evaluate(lineOf("dense1.z_bar"))];
  await evaluate(`document.getElementById("${z}").querySelector("small")
    .dispatchEvent(new PointerEvent("pointerover", { bubbles: true, pointerType: "mouse" }))`);
  let now = await evaluate(marks);
  check(now.on.join() === z, `the line under the pointer is not marked: ${now.on}`);
  check(now.with.includes(bar), "the adjoint is not marked with its line");
  check(now.with.some((id) => /^k\d+$/.test(id)), "no kernel is marked with a line");
  check(now.with.some((id) => /^c0-\d+$/.test(id)), "no call is marked with a line");
  check(now.with.some((id) => /^L\d+$/.test(id)), "no line of the source is marked with a line");
  const kernel = now.with.find((id) => /^k\d+$/.test(id));
  check(await evaluate(`document.getElementById("${kernel}").textContent.includes("dense1.z[")`),
    "the kernel that is marked does not compute the line");
  await evaluate(`document.querySelector("h1").dispatchEvent(new PointerEvent("pointerover", { bubbles: true }))`);
  check((await evaluate(marks)).on.length === 0, "marks stay when the pointer is elsewhere");

  await evaluate(`document.activeElement.blur(); document.querySelector("#${bar} > code > a").focus()`);
  now = await evaluate(marks);
  check(now.on.join() === bar && now.with.includes(z), "focus does not mark what belongs together");

  await evaluate(`document.querySelector("#${z} > small").click()`);
  await evaluate(`document.querySelector("h1").dispatchEvent(new PointerEvent("pointerover", { bubbles: true }))`);
  now = await evaluate(marks);
  check(now.on.join() === z, "a click does not keep the marks");
  const box = await evaluate(`document.querySelector(".code").getBoundingClientRect().toJSON()`);
  const code = await evaluate(`document.getElementById("${kernel}").getBoundingClientRect().toJSON()`);
  check(code.top >= box.top && code.top < box.bottom,
    `a click does not bring the C into view: ${code.top} in ${box.top} to ${box.bottom}`);
  const line = await evaluate(`document.getElementById("${z}").getBoundingClientRect().toJSON()`);
  const beside = box.left > line.right || box.top >= line.bottom;
  check(beside, "after a click the C covers what was clicked");
  await screenshot("clicked");
  await evaluate(`document.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape" }))`);
  check((await evaluate(marks)).on.length === 0, "Escape does not take the marks away");
}

async function checkNames() {
  const shown = async () =>
    evaluate(`document.getElementById(${lineOf("dense1.z")}).querySelector("code").innerText`);
  check((await shown()).startsWith(".z["), `the short name is ${await shown()}`);
  await evaluate(`document.getElementById("full").click()`);
  check((await shown()).startsWith("dense1.z["), `the full name is ${await shown()}`);
  await evaluate(`document.getElementById("full").click()`);
}

async function checkKeyboard() {
  const reached = new Set();
  for (let i = 0; i < 60; i++) {
    for (const type of ["keyDown", "keyUp"])
      await send("Input.dispatchKeyEvent", { type, key: "Tab", code: "Tab", windowsVirtualKeyCode: 9 });
    reached.add(await evaluate(`document.activeElement.closest(".d, .skip, nav, label")?.className`));
  }
  check(reached.has("skip"), "the first link is not the one to the model");
  check([...reached].some((name) => /^d\b/.test(name ?? "")), "Tab reaches no definition");
}

async function checkColours(name) {
  await scheme(name);
  const [least, where] = await evaluate(contrast);
  check(least >= 4.5, `${name}: contrast ${least.toFixed(2)} of ${where}`);
  return screenshot(name);
}

async function main() {
  const { targetId } = await send("Target.createTarget", { url: "about:blank" });
  ({ sessionId: session } = await send("Target.attachToTarget", { targetId, flatten: true }));
  listeners.push(({ method, params }) => {
    if (method === "Runtime.exceptionThrown") fail(`an exception: ${params.exceptionDetails.text}`);
    if (method === "Log.entryAdded") fail(`in the console: ${params.entry.text}`);
    if (method === "Runtime.consoleAPICalled") fail("something writes to the console");
    if (method === "Network.requestWillBeSent" && !/^data:/.test(params.request.url))
      check(params.request.url === url, `${params.request.url} is loaded`);
  });
  for (const domain of ["Page", "Runtime", "Log", "Network"]) await send(`${domain}.enable`);
  await size(1440, 900);
  await open();
  await checkKeyboard();
  await checkLinks();
  await checkNames();
  const light = await checkColours("light"), dark = await checkColours("dark");
  check(light !== dark, "light and dark look the same");
  await scheme("light");
  await size(1920, 1080);
  await checkLinks();
  await screenshot("wide");
  await size(390, 844);
  await open();
  const width = await evaluate("document.documentElement.scrollWidth");
  check(width <= 390, `${width} pixels wide on a phone`);
  await screenshot("phone");

  await send("Emulation.setScriptExecutionDisabled", { value: true });
  await size(1440, 900);
  await open();
  await screenshot("no-scripts");
  const { root } = await send("DOM.getDocument");
  const { nodeIds } =
    await send("DOM.querySelectorAll", { nodeId: root.nodeId, selector: ".d, .k, tbody tr, svg g" });
  for (const nodeId of [nodeIds[0], nodeIds[Math.floor(nodeIds.length / 4)]])
    check((await send("DOM.getBoxModel", { nodeId })).model.height > 0,
      "without scripts something cannot be seen");
}

const patience = setTimeout(() => {
  fail("Chromium does not answer");
  browser.kill("SIGKILL");
  process.exit(1);
}, 60000);
try {
  await main();
} catch (error) {
  fail(error.stack);
}
clearTimeout(patience);
browser.kill("SIGKILL");
browser.on("exit", () => remove(resolve(folder, "profile")));
