// @ts-check
// Runs examples/use_with_onnxruntime.py on an export of ours and compares what it prints with what we say:
// node scripts/python-example.mjs; PYTHON names another interpreter than python3. Says so where it cannot run.
import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { exportOnnx, loadClip, ZeroShotClassifier } from '../dist/src/index.js';

const python = process.env['PYTHON'] ?? 'python3';
const root = fileURLToPath(new URL('..', import.meta.url));
const example = path.join(root, 'examples/use_with_onnxruntime.py');
const image = path.join(root, 'test/golden/preprocess/portrait.png');
const labels = ['banana', 'dog', 'red car'];

const needed = spawnSync(python, ['-c', 'import numpy, onnxruntime, PIL, tokenizers'], { encoding: 'utf8' });
if (needed.status !== 0) {
  const why = needed.error?.message ?? needed.stderr.trim().split('\n').at(-1);
  console.log(`SKIPPED: the Python example was not run: ${why}`);
  process.exit(0);
}

const folder = await mkdtemp(path.join(tmpdir(), 'rvpt-python-'));
try {
  const out = path.join(folder, 'export');
  const clip = await loadClip('zoo:clean');
  await exportOnnx({ clip, out, dtypes: ['fp32'] });
  const classifier = await ZeroShotClassifier.create({ clip, classNames: labels });
  const own = await classifier.classify(await readFile(image));
  const ran = spawnSync(python, [example, out, image, ...labels], { encoding: 'utf8' });
  if (ran.status !== 0) throw new Error(`${example} failed:\n${ran.stderr}`);
  const theirs = JSON.parse(ran.stdout);
  for (const { className, logit } of own) {
    const difference = Math.abs(theirs[className] - logit);
    console.log(`${className}: ${logit.toFixed(4)} here, ${theirs[className].toFixed(4)} in Python`);
    if (!(difference < 1e-3)) throw new Error(`${className} differs by ${difference}`);
  }
  await classifier[Symbol.asyncDispose]();
  await clip[Symbol.asyncDispose]();
} finally {
  await rm(folder, { recursive: true, force: true });
}
