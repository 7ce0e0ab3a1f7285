// A client of `dagc lsp` that speaks the protocol itself: requests, notifications, and what is no
// message at all.
import { spawn } from 'node:child_process';

export class Client {
  constructor(dagc) {
    this.process = spawn(dagc, ['lsp'], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.ended = new Promise((resolve) => this.process.on('exit', (code) => resolve(code)));
    this.process.stdin.on('error', () => {});
    this.id = 0;
    this.waiting = []; // who waits for a message: { wants, resolve }
    this.messages = []; // those that nobody has asked for yet
    this.input = Buffer.alloc(0);
    this.process.stdout.on('data', (bytes) => this.read(bytes));
  }

  read(bytes) {
    this.input = Buffer.concat([this.input, bytes]);
    for (;;) {
      const head = this.input.indexOf('\r\n\r\n');
      if (head < 0) return;
      const length = Number(/Content-Length: (\d+)/.exec(this.input.subarray(0, head))[1]);
      if (this.input.length < head + 4 + length) return;
      const message = JSON.parse(this.input.subarray(head + 4, head + 4 + length));
      this.input = this.input.subarray(head + 4 + length);
      const at = this.waiting.findIndex(({ wants }) => wants(message));
      if (at < 0) this.messages.push(message);
      else this.waiting.splice(at, 1)[0].resolve(message);
    }
  }

  next(wants) {
    const at = this.messages.findIndex(wants);
    if (at >= 0) return Promise.resolve(this.messages.splice(at, 1)[0]);
    return new Promise((resolve, reject) => {
      this.waiting.push({ wants, resolve });
      setTimeout(() => reject(new Error(`no message ${wants}`)), 30000).unref();
    });
  }

  raw(text) {
    this.process.stdin.write(text);
  }

  send(message) {
    const body = Buffer.from(JSON.stringify({ jsonrpc: '2.0', ...message }));
    this.raw(`Content-Length: ${body.length}\r\n\r\n`);
    this.raw(body);
  }

  notify(method, params) {
    this.send({ method, params });
  }

  // The whole answer.
  ask(method, params) {
    const id = ++this.id;
    this.send({ id, method, params });
    return this.next((message) => message.id === id);
  }

  async request(method, params) {
    const answer = await this.ask(method, params);
    if (answer.error) throw new Error(`${method}: ${JSON.stringify(answer.error)}`);
    return answer.result;
  }

  async initialize() {
    const result = await this.request('initialize', { processId: null, capabilities: {} });
    this.notify('initialized', {});
    return result;
  }

  open(uri, text, version = 1) {
    this.notify('textDocument/didOpen', {
      textDocument: { uri, languageId: 'dag', version, text },
    });
  }

  change(uri, text, version) {
    this.notify('textDocument/didChange', {
      textDocument: { uri, version },
      contentChanges: [{ text }],
    });
  }

  // The diagnostics of that version of a document.
  async diagnostics(uri, version = 1) {
    const published = await this.next(
      ({ method, params }) =>
        method === 'textDocument/publishDiagnostics' &&
        params.uri === uri &&
        (params.version ?? null) === version,
    );
    return published.params.diagnostics;
  }

  // At the place of the nth `word` in the text.
  at(method, uri, text, word, nth = 0) {
    let index = -1;
    for (let i = 0; i <= nth; i++) index = text.indexOf(word, index + 1);
    if (index < 0) throw new Error(`no ${word}`);
    const before = text.slice(0, index).split('\n');
    return this.request(method, {
      textDocument: { uri },
      position: { line: before.length - 1, character: before.at(-1).length },
    });
  }

  async shutDown() {
    await this.request('shutdown', null);
    this.notify('exit');
    return this.ended;
  }
}
