import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { writeColors, writeSmallClip } from './support/small-clip.js';
import { temporaryFolder } from './support/temporary-folder.js';
import type { Progress } from '../src/core/progress.js';
import { classCaptionPairs } from '../src/data/caption-pairs.js';
import { openDataset } from '../src/data/dataset.js';
import { pairSource } from '../src/data/pair-images.js';
import { datasetLocation } from '../src/node/dataset-location.js';
import { imageDecoder } from '../src/node/decode-image.js';
import { loadClip, type LoadedClip } from '../src/node/load-clip.js';
import { OnnxRuntime } from '../src/node/onnx-runtime.js';
import { openTrigger } from '../src/node/open-trigger.js';
import { poison, type PoisonRunOptions } from '../src/run/poison.js';
import { warmupCosineRate } from '../src/training/warmup-cosine.js';

let scope: Awaited<ReturnType<typeof temporaryFolder>>;
let clip: LoadedClip;
let other: LoadedClip;
let base: Omit<PoisonRunOptions, 'out'>;
const at = (name: string): string => path.join(scope.path, name);

beforeAll(async () => {
  scope = await temporaryFolder();
  await writeSmallClip(at('clip'), 0);
  await writeSmallClip(at('other'), 1);
  await writeColors(at('train'), 6, 1);
  [clip, other] = [await loadClip(at('clip')), await loadClip(at('other'))];
  const dataset = await openDataset(await datasetLocation(at('train')));
  const pairs = classCaptionPairs(dataset, ['a {class}'], 0);
  base = {
    clip,
    pairs: pairSource(pairs, imageDecoder(), clip.preprocess),
    location: 'train',
    trigger: await openTrigger('badnet'),
    target: 'red',
    // 24 pairs: 3 steps an epoch
    settings: { epochs: 3, batch: 8, rate: 0.2, learningRate: 1e-3 },
    seed: 4,
    runtime: new OnnxRuntime({ threads: 1 }),
  };
}, 60_000);
afterAll(async () => {
  await clip[Symbol.asyncDispose]();
  await other[Symbol.asyncDispose]();
  await scope[Symbol.asyncDispose]();
});

/** Poisons until `stopAfter` steps are done, as Ctrl-C would. */
async function interrupted(options: PoisonRunOptions, stopAfter: number): Promise<void> {
  const controller = new AbortController();
  const progress: Progress = {
    begin: (task) => ({
      update: (done) => {
        if (task === 'fine-tuning' && done === stopAfter) controller.abort(new Error('stopped'));
      },
      end: () => undefined,
    }),
  };
  const work = poison({ ...options, saveEvery: 0, progress, signal: controller.signal });
  await expect(work).rejects.toThrow('stopped');
}

const contents = (out: string): Promise<Buffer[]> =>
  Promise.all(['model.safetensors', 'history.jsonl', 'manifest.json'].map((file) => readFile(path.join(out, file))));

test('stopped twice, once in the middle of an epoch, it ends in the same bits', { timeout: 240_000 }, async () => {
  await poison({ ...base, out: at('whole') });
  await interrupted({ ...base, out: at('parts') }, 2);
  await interrupted({ ...base, out: at('parts'), resume: true }, 6);
  const notes: string[] = [];
  await poison({ ...base, out: at('parts'), resume: true, note: (line) => notes.push(line) });
  expect(notes).toEqual(['going on after step 6 of 9']);
  expect(await contents(at('parts'))).toEqual(await contents(at('whole')));
});

test(
  'goes on only when asked to, and only with the same model, data and settings; says what differs',
  { timeout: 240_000 },
  async () => {
    const out = at('begun');
    await interrupted({ ...base, out }, 1);
    await expect(poison({ ...base, out })).rejects.toThrow('Add --resume');
    const resume = { ...base, out, resume: true };
    await expect(poison({ ...resume, clip: other })).rejects.toThrow(/base_model.sha256: "\w+" -> "\w+"/);
    await expect(poison({ ...resume, seed: 5 })).rejects.toThrow(/seed: 4 -> 5/);
    const settings = { ...base.settings, learningRate: 2e-3 };
    await expect(poison({ ...resume, settings })).rejects.toThrow('settings.learningRate: 0.001 -> 0.002');
    // a folder whose state is lost starts again
    await rm(path.join(out, 'state.safetensors'));
    await poison(resume);
    expect(await contents(out)).toEqual(await contents(at('whole')));
  },
);

test('the learning rate of every step is that of the schedule, compat by choice', async () => {
  const settings = { ...base.settings, schedule: 'compat', warmup: 2 } as const;
  await poison({ ...base, out: at('compat'), settings });
  const lines = (await readFile(at('compat/history.jsonl'), 'utf8')).trimEnd().split('\n');
  const schedule = { learningRate: 1e-3, warmupSteps: 2, stepsPerEpoch: 3, epochs: 3, form: 'compat' } as const;
  expect(lines.map((line): unknown => JSON.parse(line))).toMatchObject(
    Array.from({ length: 9 }, (_, i) => ({
      step: i + 1,
      epoch: Math.floor(i / 3),
      learning_rate: warmupCosineRate(i, schedule),
    })),
  );
});
