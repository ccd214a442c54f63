// Makes assets/zoo, the models that come with the package: pretrains the clean mini-CLIP, poisons it in six ways, and
// measures all of them. Stopped at any moment, it goes on where it was. Usage: npm run make:zoo [-- name …]
import { existsSync } from 'node:fs';

if (!existsSync('dist')) throw new Error('build first: npm run build');
const { makeZoo } = await import('../dist/src/run/make-zoo.js');
const { OnnxRuntime } = await import('../dist/src/node/onnx-runtime.js');
const { consoleFor } = await import('../dist/cli/progress.js');

const terminal = consoleFor(process.stderr);
const names = process.argv.slice(2);
await makeZoo({
  out: 'assets/zoo',
  work: 'runs/zoo',
  ...(names.length === 0 ? {} : { names }),
  runtime: new OnnxRuntime(),
  progress: terminal,
  note: (line) => terminal.note(line),
});
