import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { writeShapes } from '../scripts/make-shapes.mjs';
import { chooseFewShot } from '../src/data/few-shot.js';
import type { Dataset } from '../src/data/sample.js';
import { loadClip, type LoadedClip } from '../src/node/load-clip.js';
import { openDataset } from '../src/node/open-dataset.js';
import { defend } from '../src/run/defend.js';
import { readRun } from '../src/run/read-run.js';
import { tunePrompts, type TunePromptsOptions } from '../src/run/tune-prompts.js';
import { temporaryFolder } from './support/temporary-folder.js';

let scope: Awaited<ReturnType<typeof temporaryFolder>>;
let clip: LoadedClip;
let dataset: Dataset;

beforeAll(async () => {
  scope = await temporaryFolder();
  const data = path.join(scope.path, 'data');
  await writeShapes(data, { perClass: 4, seed: 1 });
  dataset = await openDataset(data);
  clip = await loadClip(path.resolve(import.meta.dirname, 'golden/clip-tiny/hf'));
});
afterAll(async () => {
  await clip[Symbol.asyncDispose]();
  await scope[Symbol.asyncDispose]();
});

const settings = { depth: 1, tokens: 2, batchSize: 4, epochs: 2, learningRate: 0.05 };
const fewShot = (): TunePromptsOptions => ({
  clip,
  dataset,
  samples: chooseFewShot(dataset, { shots: 4, seed: 0 }).train,
  settings,
});

test('prompts tuned in memory, and every loss, are those of a run', async () => {
  const seen: number[] = [];
  const { prompts, steps, plan } = await tunePrompts({ ...fewShot(), onStep: ({ step }) => seen.push(step) });
  const run = await defend({ ...fewShot(), out: path.join(scope.path, 'run') });
  expect(prompts).toEqual(run.prompts);
  const history = steps.map(({ learningRate, ...step }) => ({ ...step, learning_rate: learningRate }));
  expect(history).toEqual((await readRun(run.run)).history);
  expect(seen).toEqual(Array.from({ length: plan.steps }, (_, i) => i + 1));
});

test('an abort stops before the next step, with its reason', async () => {
  const abort = new AbortController();
  const seen: number[] = [];
  const tuning = tunePrompts({
    ...fewShot(),
    signal: abort.signal,
    onStep: ({ step }) => {
      seen.push(step);
      if (step === 3) abort.abort(new Error('enough'));
    },
  });
  await expect(tuning).rejects.toThrow('enough');
  expect(seen).toEqual([1, 2, 3]);
});

test('settings that do not fit are refused before anything is computed, all at once', async () => {
  const tuning = tunePrompts({ ...fewShot(), settings: { tokens: 0, epochs: -1 }, onPlan: () => expect.unreachable() });
  await expect(tuning).rejects.toThrow(/tokens.*epochs|epochs.*tokens/);
});
