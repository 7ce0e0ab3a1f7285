// A page as text: its elements, read strictly. Used by static.mjs and browser.mjs.
const VOID = new Set(["meta", "link", "input", "br"]);
const RAW = new Set(["style", "script"]);

// Calls back for each element with its name and attributes, and each text; throws where tags do not
// match, a character is not escaped, or an attribute comes twice.
export function readPage(html, { element = () => {}, text = () => {} }) {
  const open = [];
  let at = 0;
  const wrong = (what) => {
    throw new Error(`${what}, before: ${html.slice(at, at + 80)}`);
  };
  const tag = /<(\/?)([a-zA-Z][a-zA-Z0-9]*)((?:\s+[a-zA-Z-]+(?:="[^"<]*")?)*)\s*(\/?)>/y;
  const attribute = /([a-zA-Z-]+)(?:="([^"]*)")?/g;
  const plain = /[^<&]+|&(?:amp|lt|gt|quot|#x[0-9a-f]+);/y;
  if (!html.startsWith("<!DOCTYPE html>\n")) wrong("no doctype");
  at = "<!DOCTYPE html>\n".length;
  while (at < html.length) {
    tag.lastIndex = plain.lastIndex = at;
    const found = tag.exec(html);
    if (found === null) {
      const piece = plain.exec(html);
      if (piece === null) wrong("neither a tag nor text");
      text(piece[0], open);
      at = plain.lastIndex;
      continue;
    }
    at = tag.lastIndex;
    const [, closing, name, attributes, selfClosing] = found;
    if (closing) {
      const expected = open.pop();
      if (expected !== name) wrong(`</${name}> closes <${expected}>`);
      continue;
    }
    const values = {};
    for (const [, key, value] of attributes.matchAll(attribute)) {
      if (key in values) wrong(`${key} twice`);
      values[key] = value ?? "";
    }
    element(name, values, open);
    if (RAW.has(name)) {
      const end = html.indexOf(`</${name}>`, at);
      at = end + name.length + 3;
    } else if (!VOID.has(name) && !selfClosing) {
      open.push(name);
    }
  }
  if (open.length > 0) wrong(`<${open.pop()}> is not closed`);
}

const NAMED = { amp: "&", lt: "<", gt: ">", quot: '"' };
export const unescaped = (text) =>
  text.replace(/&(?:(amp|lt|gt|quot)|#x([0-9a-f]+));/g, (_, name, code) =>
    name ? NAMED[name] : String.fromCodePoint(parseInt(code, 16)));
