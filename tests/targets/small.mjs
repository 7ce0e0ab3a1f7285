// The module imports nothing, and its model, at its starting values, gives probabilities.
import { readFileSync } from 'node:fs';

const module = new WebAssembly.Module(readFileSync(process.argv[2]));
const imports = WebAssembly.Module.imports(module);
if (imports.length > 0) throw new Error(`it imports ${JSON.stringify(imports)}`);
const { exports } = new WebAssembly.Instance(module);
const model = Math.ceil(exports.__heap_base.value / 64) * 64, input = model + (1 << 16);
const output = input + 64;
exports.memory.grow(2);
new Uint8Array(exports.memory.buffer, input, 64).fill(8);
exports.mlp_init(model, 1n);
if (exports.mlp_classify(model, input, output) !== 0) throw new Error('it refuses the input');
const p = [...new Float32Array(exports.memory.buffer, output, 10)];
const sum = p.reduce((a, b) => a + b);
if (!(Math.abs(sum - 1) < 1e-6) || !p.every((x) => x > 0 && x < 0.9)) throw new Error(`it gives ${p}`);
