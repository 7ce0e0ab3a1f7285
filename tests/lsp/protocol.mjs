// protocol.mjs DAGC FOLDER: what the server says, and that nothing ends it.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Client } from './client.mjs';

const [dagc, folder] = process.argv.slice(2);
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
process.env.XDG_CACHE_HOME = `${folder}/cache`;
const uri = (name) => pathToFileURL(`${folder}/${name}`).href;

const model = `# "ä𝛿": two bytes, and four that are two units
dim B = 4
input x: f32[B, 3]
input y: u8[B]
# doubles
fn twice(x) = 2 * x
layer scaled(units: int)(x: real[..., N]) {
  param W: real[units, N] = normal(0.1)
  z[..., j] = sum[i](W[j, i] * x[..., i])
  return z
}
h = x |> scaled(5) |> relu
require B > 0, "𝛿"; loss = mean(cross_entropy(twice(h), y))
export f(x) = h
train {
  minimize loss
  with     sgd(lr = 0.1)
  epochs   1
  data     x = "a.csv"[1:4], y = "a.csv"[0]
}
`;

const tests = {
  async 'a life from initialize to exit'() {
    const client = new Client(dagc);
    assert.equal((await client.ask('textDocument/hover', {})).error.code, -32002);
    const { capabilities, serverInfo } = await client.initialize();
    assert.equal(serverInfo.name, 'dagc');
    assert.equal(capabilities.textDocumentSync.change, 1);
    assert.equal(capabilities.positionEncoding, 'utf-16');
    assert.equal((await client.ask('initialize', {})).error.code, -32600);
    assert.equal((await client.ask('textDocument/rename', {})).error.code, -32601);
    client.notify('$/setTrace', { value: 'off' });
    client.notify('workspace/didChangeConfiguration', {});
    assert.equal(await client.request('shutdown'), null);
    assert.equal((await client.ask('textDocument/hover', {})).error.code, -32600);
    client.notify('exit');
    assert.equal(await client.ended, 0);
  },

  async 'an end without shutdown'() {
    for (const end of [(c) => c.notify('exit'), (c) => c.process.stdin.end()]) {
      const client = new Client(dagc);
      await client.initialize();
      end(client);
      assert.equal(await client.ended, 1);
    }
  },

  async 'what is no message'() {
    const client = new Client(dagc);
    await client.initialize();
    const refused = () => client.next((message) => message.error && message.id === null);
    client.raw('Content-Length: 5\r\n\r\n{"id"');
    assert.equal((await refused()).error.code, -32700);
    client.raw('Content-Length: many\r\n\r\n');
    assert.equal((await refused()).error.code, -32700);
    client.raw('Content-Length: -1\r\n\r\n');
    assert.equal((await refused()).error.code, -32700);
    client.raw('Content-Length: 99999999999999999999\r\n\r\n');
    assert.equal((await refused()).error.code, -32700);
    client.raw(`{"no": "header"}${'x'.repeat(3000)}`); // the next message begins on this line
    client.notify('$/nothing');
    client.raw('Content-Length: 3\r\n\r\n[1]');
    assert.equal((await refused()).error.code, -32600);
    for (const message of [{ id: 1 }, { id: {}, method: 'shutdown' }, { method: 7 }]) {
      client.send(message);
      assert.equal((await refused()).error.code, -32600);
    }
    client.send({ id: 99, result: null }); // an answer to nothing
    for (const params of [undefined, null, [], { textDocument: 3 }, { textDocument: { uri: 'x' } }])
      assert.equal((await client.ask('textDocument/hover', params)).error.code, -32602);
    client.notify('textDocument/didOpen', { textDocument: { uri: 'x', text: 3 } });
    client.notify('textDocument/didChange', { textDocument: { uri: 'x' }, contentChanges: 3 });
    client.notify('textDocument/didClose', {});
    const body = '{"jsonrpc":"2.0","id":"text","method":"nothing"}';
    client.raw(`content-length:   ${body.length}  \r\nContent-Type: x\r\n\r\n${body}`);
    assert.equal((await client.next(({ id }) => id === 'text')).error.code, -32601);
    assert.equal(await client.shutDown(), 0);
  },

  async 'diagnostics of what is not saved'() {
    const client = new Client(dagc);
    await client.initialize();
    const a = uri('a.dag');
    client.open(a, model);
    assert.deepEqual(await client.diagnostics(a), []);
    client.change(a, model.replace('twice(h), y))', 'twise(h), y))'), 2);
    const [unknown] = await client.diagnostics(a, 2);
    assert.equal(unknown.severity, 1);
    assert.match(unknown.message, /`twise` is not defined\nhint: did you mean `twice`\?/);
    const line = model.split('\n').findIndex((l) => l.startsWith('require'));
    const character = model.split('\n')[line].indexOf('twice'); // in units of UTF-16
    assert.deepEqual(unknown.range.start, { line, character });
    assert.deepEqual(unknown.range.end, { line, character: character + 'twise'.length });
    client.change(a, 'x = 1\nx = 2\ny = (', 3);
    const [unclosed] = await client.diagnostics(a, 3);
    assert.match(unclosed.message, /not closed/);
    client.change(a, 'dim B = 2\nx = 1\nx = 2\n', 4);
    const [twice] = await client.diagnostics(a, 4);
    assert.equal(twice.relatedInformation[0].location.uri, a);
    assert.equal(twice.relatedInformation[0].location.range.start.line, 1);
    client.notify('textDocument/didClose', { textDocument: { uri: a } });
    assert.deepEqual(await client.diagnostics(a, null), []);
    assert.equal(await client.shutDown(), 0);
  },

  async 'mistakes that lie elsewhere'() {
    const client = new Client(dagc);
    await client.initialize();
    writeFileSync(`${folder}/other.dag`, 'input u: f32[3]\nw = u + nothing\n');
    const b = uri('b.dag');
    client.open(b, 'import "other.dag"\nexport f(u) = w\n');
    const [imported] = await client.diagnostics(b);
    assert.equal(imported.relatedInformation[0].location.uri, uri('other.dag'));
    assert.equal(imported.relatedInformation[0].location.range.start.line, 1);
    const c = uri('c.dag');
    client.open(c, 'input x: f32[2, 7]\ny = x |> attention(4)\nexport f(x) = y\n');
    const inside = await client.diagnostics(c);
    assert.ok(inside.length > 0);
    const elsewhere = inside[0].relatedInformation.filter(({ location }) => location.uri !== c);
    assert.ok(elsewhere.length > 0);
    for (const { location } of elsewhere) statSync(fileURLToPath(location.uri));
    assert.equal(await client.shutDown(), 0);
  },

  async 'hover'() {
    const client = new Client(dagc);
    await client.initialize();
    const a = uri('a.dag');
    client.open(a, model);
    const hover = async (word, nth) => {
      const found = await client.at('textDocument/hover', a, model, word, nth);
      return found && found.contents.value;
    };
    assert.match(await hover('h = x'), /h = x \|> scaled\(5\) \|> relu\nh: f32\[4, 5\]\n/);
    assert.match(await hover('h = x'), /# adjoint: computed within/);
    assert.match(await hover('z[..., j]'), /scaled1\.z: f32\[4, 5\]\n# adjoint\nscaled1\.z_bar\[/);
    assert.match(await hover('h), y'), /h: f32\[4, 5\]/);
    assert.match(await hover('loss = '), /loss: f32\n/);
    assert.match(await hover('twice(h)'), /fn twice\(x\) = 2 \* x\n(.*\n)*doubles/);
    assert.match(await hover('relu'), /fn relu\(x\) = max\(x, 0\)\n(.*\n)*The positive part/);
    assert.match(await hover('cross_entropy'), /fn cross_entropy\(z: real/);
    assert.match(await hover('B = 4'), /B: 4\n/);
    assert.match(await hover('W: real'), /scaled1\.W: f32\[5, 3\]\n# adjoint\nscaled1\.W_bar\[/);
    assert.match(await hover('units: int'), /units: 5\n(.*\n)*a parameter/);
    assert.match(await hover('i](W'), /an index variable/);
    assert.equal(await hover('# doubles'), null);
    assert.equal(await hover('mean('), null); // part of the language
    // while something else is wrong
    const wrong = model.replace('epochs   1', 'epochs   (');
    client.change(a, wrong, 2);
    assert.ok((await client.diagnostics(a, 2)).length > 0);
    assert.match(await hover('h = x'), /h: f32\[4, 5\]/);
    assert.equal(await client.shutDown(), 0);
  },

  async 'definitions'() {
    const client = new Client(dagc);
    await client.initialize();
    const a = uri('a.dag');
    client.open(a, model);
    const definition = (word, nth) => client.at('textDocument/definition', a, model, word, nth);
    const start = (word) => {
      const before = model.slice(0, model.indexOf(word)).split('\n');
      return { line: before.length - 1, character: before.at(-1).length };
    };
    assert.deepEqual((await definition('h), y')).range.start, start('h = x'));
    assert.deepEqual((await definition('twice(h)')).range.start, start('twice(x)'));
    assert.deepEqual((await definition('i] * x[..., i]')).range.start, start('i](W'));
    assert.deepEqual((await definition('x[..., i]')).range.start, start('x: real'));
    assert.deepEqual((await definition('y = "a.csv"')).range.start, start('y: u8'));
    const relu = await definition('relu');
    const text = readFileSync(fileURLToPath(relu.uri), 'utf8').split('\n');
    assert.ok(text[relu.range.start.line].slice(relu.range.start.character).startsWith('relu(x)'));
    assert.equal(statSync(fileURLToPath(relu.uri)).mode & 0o222, 0);
    assert.equal(await definition('mean('), null);
    writeFileSync(`${folder}/layers.dag`, 'fn half(x) = x / 2\n');
    const b = uri('sub folder.dag'), importing = 'import "layers.dag"\ny = half(3.0)\n';
    client.open(b, importing);
    const half = await client.at('textDocument/definition', b, importing, 'half');
    assert.equal(half.uri, uri('layers.dag'));
    assert.equal(await client.shutDown(), 0);
  },

  async 'layout, outline, completion'() {
    const client = new Client(dagc);
    await client.initialize();
    const a = uri('a.dag');
    const text = 'dim B=4\n\n\nx=1   # 𝛿\ny  =[ x ]';
    client.open(a, text);
    const formatting = () =>
      client.request('textDocument/formatting', { textDocument: { uri: a }, options: {} });
    const apply = (before, edits) => {
      const lines = before.split('\n');
      for (const { range, newText } of edits) {
        const head = lines.slice(0, range.start.line).map((l) => `${l}\n`).join('');
        assert.equal(range.start.character, 0);
        assert.equal(range.end.line, lines.length - 1);
        assert.equal(range.end.character, lines.at(-1).length);
        return head + newText;
      }
      return before;
    };
    const laid = apply(text, await formatting());
    assert.equal(laid, 'dim B = 4\n\nx = 1   # 𝛿\ny = [x]\n');
    client.change(a, laid, 2);
    assert.deepEqual(await formatting(), []);
    client.change(a, 'y = (', 3);
    assert.equal(await formatting(), null);
    client.change(a, model, 4);
    const of = { textDocument: { uri: a } };
    const symbols = await client.request('textDocument/documentSymbol', of);
    assert.deepEqual(
      symbols.map(({ name }) => name),
      ['B', 'x', 'y', 'twice', 'scaled', 'h', 'loss', 'f', 'train'],
    );
    assert.deepEqual(symbols[4].children.map(({ name }) => name), ['W', 'z']);
    for (const { range, selectionRange } of symbols) {
      assert.ok(range.start.line <= selectionRange.start.line);
      assert.ok(range.end.line >= selectionRange.end.line);
    }
    const items = await client.at('textDocument/completion', a, model, 'h = x');
    const labels = items.map(({ label }) => label);
    for (const label of ['scaled', 'twice', 'loss', 'relu', 'adam', 'layer'])
      assert.ok(labels.includes(label), label);
    assert.equal(await client.shutDown(), 0);
  },

  async 'a text that takes long, until the next one comes'() {
    const client = new Client(dagc);
    await client.initialize();
    const a = uri('a.dag');
    client.open(a, 'repeat i in 0..1000000000 { x = 1 }');
    await new Promise((resolve) => setTimeout(resolve, 500));
    client.change(a, 'x = (', 2);
    const first = await client.next(({ method }) => method === 'textDocument/publishDiagnostics');
    assert.equal(first.params.version, 2);
    assert.equal(await client.shutDown(), 0);
  },

  async 'any text, and a large one'() {
    const client = new Client(dagc);
    await client.initialize();
    const a = uri('a.dag');
    client.open(a, '');
    assert.deepEqual(await client.diagnostics(a), []);
    let version = 1;
    const survives = async (text) => {
      client.change(a, text, ++version);
      const diagnostics = await client.diagnostics(a, version);
      assert.ok(!diagnostics.some(({ message }) => message.includes('dagc has failed')), text);
      return diagnostics;
    };
    for (let length = 1; length < model.length; length += 37)
      await survives(model.slice(0, length));
    for (const text of [
      '\0', '}{)(', '\ufeffx = 1\r\n', 'import "', 'train { data x = "a }',
      'layer f()(x) {'.repeat(600), 'f('.repeat(3000), 'fn f(x) = f(x)\ny = f(1)',
      'input x: f32[1000000, 1000000]\nexport f(x) = hessian(sum(x^2), x)',
    ])
      await survives(text);
    const large = Array.from({ length: 5000 }, (_, i) => `x${i + 1} = x${i} + 1.0  # ${i}`);
    await survives(['x0 = 1.0', ...large].join('\n'));
    await survives('x = 1');
    // of texts that come at once, the last one is looked at
    for (let i = 0; i < 200; i++) client.change(a, `x = ${i} + `, ++version);
    assert.ok((await survives('x = ')).length > 0);
    assert.equal(await client.shutDown(), 0);
  },
};

for (const [name, test] of Object.entries(tests)) {
  const begin = performance.now();
  await test();
  console.log(`${name}: ok, ${(performance.now() - begin).toFixed(0)} ms`);
}
