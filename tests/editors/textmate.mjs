// textmate.mjs VSCODE: the scopes that the TextMate grammar gives to places of sample.dag, and that
// the extension's files name each other.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';

const folder = process.argv[2];
const read = (name) => JSON.parse(readFileSync(`${folder}/${name}`, 'utf8'));
const { main, contributes } = read('package.json');
const [language] = contributes.languages, [declared] = contributes.grammars;
assert.ok(existsSync(`${folder}/${main}`));
assert.deepEqual(language.extensions, ['.dag']);
assert.equal(read(language.configuration).comments.lineComment, '#');
assert.equal(declared.language, language.id);
const grammar = read(declared.path);
assert.equal(grammar.scopeName, declared.scopeName);

const rules = (patterns) =>
  patterns.flatMap((rule) => {
    if (rule.include) return rules([grammar.repository[rule.include.slice(1)]]);
    return rule.match || rule.begin ? [rule] : rules(rule.patterns);
  });
const top = rules(grammar.patterns);

// The scope of each character, by the rule that matches first, of those at one place the first one.
function scopes(line) {
  const given = new Array(line.length).fill('');
  const give = (from, to, scope) => scope && given.fill(scope, from, to);
  const first = (candidates, from) => {
    let best;
    for (const rule of candidates) {
      const pattern = new RegExp(rule.match ?? rule.begin, 'dg');
      pattern.lastIndex = from;
      const match = pattern.exec(line);
      if (match && (!best || match.index < best.match.index)) best = { rule, match };
    }
    return best;
  };
  for (let at = 0; at < line.length;) {
    const found = first(top, at);
    if (!found) break;
    const { rule, match } = found;
    let end = match.index + match[0].length;
    if (rule.begin) {
      const stop = new RegExp(rule.end, 'g');
      const inner = rules(rule.patterns);
      for (let inside = end; ;) {
        stop.lastIndex = inside;
        const closing = stop.exec(line), nested = first(inner, inside);
        if (nested && nested.match.index < closing.index) {
          inside = nested.match.index + nested.match[0].length;
          continue;
        }
        end = closing.index + closing[0].length;
        break;
      }
    }
    give(match.index, end, rule.name);
    for (const [group, { name }] of Object.entries(rule.captures ?? {}))
      if (match.indices[group]) give(...match.indices[group], name);
    at = Math.max(end, at + 1);
  }
  return given;
}

const sample = readFileSync(new URL('sample.dag', import.meta.url), 'utf8').split('\n');
const expected = [
  [1, 'layer', 'comment.line'], [2, 'dim', 'storage.type.dag'], [2, 'B', ''],
  [2, '64', 'constant.numeric'], [3, 'f32', 'support.type'], [4, '1e-2', 'constant.numeric'],
  [6, 'layer', 'storage.type.function'], [6, 'scaled', 'entity.name.function.dag'],
  [7, 'sum', 'support.function.reduction'], [7, '??', 'keyword.operator'],
  [8, 'return', 'keyword.control.dag'], [8, '|>', 'keyword.operator'],
  [10, 'data', 'entity.name.function.dag'], [10, 'where', 'keyword.control.dag'],
  [10, 'and', 'keyword.operator.word'], [10, '#', 'string.quoted'], [10, ' c"', 'string.quoted'],
  [10, 'pi', 'constant.language'], [11, '<-', 'keyword.operator'],
  [11, "m'", 'variable.other.new'], [11, 'grad', 'support.function.derivative'], [12, 'data', ''],
  [14, 'minimize', 'keyword.control.train'], [15, 'data', 'keyword.control.train'],
  [16, 'steps', 'keyword.control.train'], [16, 'report', 'keyword.control.train'],
  [16, 'data', ''], [17, 'with', 'keyword.control.dag'], [17, 'adam', 'entity.name.function.call'],
];
for (const [line, word, scope] of expected) {
  const text = sample[line - 1], at = text.indexOf(word);
  assert.ok(at >= 0, `${line}: ${word}`);
  const found = scopes(text)[at];
  assert.ok(scope === '' ? found === '' : found.startsWith(scope), `${line}, ${word}: ${found}`);
}
