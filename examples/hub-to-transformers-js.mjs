// From a model on a Hub to scores in transformers.js, by the commands that a person would type: defend, export. The Hub
// is one on this machine, so this needs no network; after `npm ci`: `node examples/hub-to-transformers-js.mjs`.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { env, pipeline } from '@huggingface/transformers';
import { loadClip, openDataset, readTunedPrompts, ZeroShotClassifier } from 'rvpt';

import { startHub } from '../test/support/hub-server.mjs';

const root = path.resolve(import.meta.dirname, '..');
const work = await mkdtemp(path.join(tmpdir(), 'rvpt-hub-'));
const at = (name) => path.join(work, name);

async function rvpt(command) {
  console.log(`\n$ rvpt ${command}`);
  const argv = [path.join(root, 'dist/cli/main.js'), ...command.split(' ')];
  const [code] = await once(spawn(process.execPath, argv, { cwd: work, stdio: 'inherit' }), 'exit');
  assert.equal(code, 0);
}

const hub = await startHub();
try {
  // somebody's backdoored model and somebody's images
  await rvpt('scenes --split train --per-class 8 --out scenes');
  await hub.add({ id: 'somebody/clip', folder: path.join(root, 'assets/zoo/badnet') });
  await hub.add({ id: 'somebody/scenes', type: 'dataset', folder: at('scenes') });
  const own = { HF_HUB_CACHE: at('cache'), HF_HUB_OFFLINE: '', HF_HUB_DISABLE_IMPLICIT_TOKEN: '1' };
  Object.assign(process.env, { HF_ENDPOINT: hub.url, ...own }); // nothing of yours is used, and nothing told

  await rvpt('defend --model hf:somebody/clip --data hf:somebody/scenes --shots 8 --epochs 5 --out run');
  await rvpt('export --model hf:somebody/clip --prompts run --dtype fp32 --out onnx');

  // images that it was not tuned on
  await rvpt('scenes --split test --per-class 1 --out test');
  const { classNames, samples } = await openDataset(at('test'));
  const clip = await loadClip('hf:somebody/clip');
  const { prompts } = await readTunedPrompts(at('run'), clip);
  const ours = await ZeroShotClassifier.create({ clip, prompts, classNames });
  env.allowRemoteModels = false;
  const theirs = await pipeline('zero-shot-image-classification', at('onnx'));

  let largest = 0;
  for (const { path: image } of samples) {
    const file = path.join(at('test'), image);
    const own = await ours.classify(await readFile(file));
    const scores = await theirs(file, classNames, { hypothesis_template: 'a photo of a {}.' });
    const byClass = new Map(scores.map(({ label, score }) => [label, score]));
    for (const { className, probability } of own) {
      largest = Math.max(largest, Math.abs(probability - byClass.get(className)));
    }
    assert.equal(scores[0].label, own[0].className, `${image} is called something else`);
  }
  console.log(`\n${samples.length} images: the same classes, probabilities at most ${largest.toExponential(1)} apart`);
  assert(largest < 1e-3);
  await theirs.dispose();
  await ours[Symbol.asyncDispose]();
  await clip[Symbol.asyncDispose]();
} finally {
  await hub.close();
  await rm(work, { recursive: true });
}
