import { existsSync } from 'node:fs';
import { cp, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';

import { commands } from '../cli/commands.js';
import { classCaptionPairs } from '../src/data/caption-pairs.js';
import { pairSource } from '../src/data/pair-images.js';
import type { PairSource } from '../src/data/pair-source.js';
import type { Dataset } from '../src/data/sample.js';
import type { DefendedModel } from '../src/defense/defense.js';
import { defenses, makeDefense } from '../src/defense/defenses.js';
import { imageDecoder } from '../src/node/decode-image.js';
import { loadClip, type LoadedClip } from '../src/node/load-clip.js';
import { OnnxRuntime } from '../src/node/onnx-runtime.js';
import { openDataset } from '../src/node/open-dataset.js';
import { readDefendedModel } from '../src/run/defended-model.js';
import { applyDefense, runDefense, type RunDefenseOptions } from '../src/run/run-defense.js';
import { runInProcess, type Outcome } from './support/run-in-process.js';
import { writeColors, writeSmallClip } from './support/small-clip.js';
import { temporaryFolder } from './support/temporary-folder.js';

/** What makes each defense short enough for a test; a defense without a line runs with its own settings. */
const short: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  rvpt: { depth: 0, tokens: 2, epochs: 2, batchSize: 4 },
  vpt: { depth: 0, tokens: 2, epochs: 2, batchSize: 4 },
  'adversarial-vpt': { depth: 0, tokens: 2, epochs: 2, batchSize: 4 },
  'linear-probe': { epochs: 4, batchSize: 4 },
  cleanclip: { epochs: 2, batchSize: 4, warmup: 1 },
  par: { epochs: 2, batchSize: 4 },
  'finetune-ce': { epochs: 2, batchSize: 4, warmup: 1 },
  'finetune-ce-fr': { epochs: 2, batchSize: 4, warmup: 1 },
  'finetune-infonce': { epochs: 2, batchSize: 4, warmup: 1 },
  'finetune-infonce-fr': { epochs: 2, batchSize: 4, warmup: 1 },
};

let scope: Awaited<ReturnType<typeof temporaryFolder>>;
let clip: LoadedClip;
let dataset: Dataset;
let pairs: PairSource;
const at = (...parts: string[]): string => path.join(scope.path, ...parts);

beforeAll(async () => {
  scope = await temporaryFolder();
  await writeSmallClip(at('clip'));
  await writeColors(at('train'), 4, 1);
  await writeColors(at('test'), 3, 2);
  clip = await loadClip(at('clip'));
  dataset = await openDataset(at('train'));
  pairs = pairSource(classCaptionPairs(dataset, ['a photo of a {class}.'], 0), imageDecoder(), clip.preprocess);
});
afterAll(async () => {
  await clip[Symbol.asyncDispose]();
  await scope[Symbol.asyncDispose]();
});

function source(name: string, out: string): RunDefenseOptions {
  return {
    ...{ clip, dataset, pairs, samples: dataset.samples, templates: ['a photo of a {class}.'] },
    defense: makeDefense(clip.weights.architecture, name, short[name]),
    ...{ preprocess: clip.preprocess, runtime: new OnnxRuntime({ threads: 1 }), seed: 3, out: at(out) },
  };
}

/** Every number that a defense made, by name. */
async function numbersOf(model: DefendedModel): Promise<Map<string, Float32Array>> {
  switch (model.kind) {
    case 'unchanged':
      return new Map();
    case 'prompts':
      return new Map([...model.prompts].map(([d, { data }]) => [`prompts.${d}`, data]));
    case 'head':
      return new Map([
        ['weight', model.head.weight.data],
        ['bias', model.head.bias.data],
      ]);
    case 'weights': {
      const { weights } = model;
      const read = [...weights.shapes.keys()].map(async (name) => [name, await weights.read(name)] as const);
      return new Map(await Promise.all(read));
    }
  }
}

async function stored(out: string): Promise<Map<string, Float32Array>> {
  const model = await readDefendedModel(at(out), clip);
  if (model === undefined) throw new Error(`${out} holds no defended model`);
  try {
    return await numbersOf(model.model);
  } finally {
    await model[Symbol.asyncDispose]();
  }
}

describe.each(defenses.map(({ name }) => name))('%s', (name) => {
  test('keeps what it made in memory, number by number, and leaves the model as it was', async () => {
    const before = await clip.checkpoint.sha256();
    const { model, trainableParameters } = await applyDefense(source(name, '').defense, source(name, ''));
    const numbers = await numbersOf(model);
    const run = await runDefense(source(name, `${name}-run`));
    expect(await stored(`${name}-run`)).toEqual(numbers);
    expect(run.trainable_parameters).toBe(trainableParameters);
    if (model.kind === 'prompts' || model.kind === 'head') {
      expect([...numbers.values()].reduce((sum, { length }) => sum + length, 0)).toBe(trainableParameters);
    }
    expect(await clip.checkpoint.sha256()).toBe(before);
  });

  test('stopped and resumed comes to the same bits', async () => {
    if (makeDefense(clip.weights.architecture, name, short[name]).needs === 'nothing') return;
    const whole = await runDefense(source(name, `${name}-whole`));
    const abort = new AbortController();
    let steps = 0;
    const counted = {
      begin: () => ({
        update: () => {
          if (++steps > whole.steps / 2) abort.abort();
        },
        end: () => undefined,
      }),
    };
    const stoppable = { ...source(name, `${name}-resumed`), saveEvery: 0, progress: counted, signal: abort.signal };
    await expect(runDefense(stoppable)).rejects.toThrow('abort');
    expect(await readDefendedModel(at(`${name}-resumed`), clip)).toBeUndefined();
    const resumed = await runDefense({ ...source(name, `${name}-resumed`), resume: true });
    expect(resumed.steps).toBe(whole.steps);
    expect(await stored(`${name}-resumed`)).toEqual(await stored(`${name}-whole`));
  });
});

test.each(['rvpt', 'vpt', 'adversarial-vpt'])('%s deeper than the model writes nothing', async (name) => {
  const defense = makeDefense(clip.weights.architecture, name, { ...short[name], depth: 9 });
  await expect(runDefense({ ...source(name, `${name}-deep`), defense })).rejects.toThrow('a depth D from 0 to');
  expect(existsSync(at(`${name}-deep`))).toBe(false);
});

const metricsSchema = z.object({ ca: z.number() });
const metrics = ({ stdout }: Outcome): z.output<typeof metricsSchema> => metricsSchema.parse(JSON.parse(stdout));

function rvpt(...argv: string[]): Promise<Outcome> {
  return runInProcess([...argv, '--model', at('clip'), '--json', '--threads', '1'], commands);
}

describe('the command line', () => {
  test('defends by a classifier, measures it in place of class prompts, and shows it in the report', async () => {
    const options = ['--data', at('train'), '--out', at('cli-head'), '--shots', '4', '--test', at('test')];
    const defended = await rvpt('defend', '--method', 'linear-probe:epochs=60,learningRate=1', ...options);
    expect(defended.code, defended.stderr).toBe(0);
    expect(JSON.parse(defended.stdout)).toMatchObject({ run: at('cli-head'), samples: 16, steps: 60 });
    const [plain, probed] = [
      await rvpt('evaluate', '--data', at('test')),
      await rvpt('evaluate', '--data', at('test'), '--prompts', at('cli-head')),
    ];
    // colours are separable, and a CLIP that was never trained does not know their names
    expect(JSON.parse(probed.stdout)).toMatchObject({ ca: 1 });
    expect(metrics(plain).ca).toBeLessThan(0.6);
    const saved: unknown = JSON.parse(await readFile(at('cli-head', 'evaluation.json'), 'utf8'));
    expect(saved).toMatchObject({ after: { clean: { ca: 1 } } });
    expect(await readFile(at('cli-head', 'report.html'), 'utf8')).toContain('after linear probe');

    // as many classes, and other ones
    await cp(at('test'), at('renamed'), { recursive: true });
    await rename(at('renamed', 'yellow'), at('renamed', 'amber'));
    const foreign = await rvpt('evaluate', '--data', at('renamed'), '--prompts', at('cli-head'));
    expect(foreign.code).toBe(2);
    expect(foreign.stderr).toMatch(/head for the classes of the data, 4 \(amber,.*one for 4 \(blue,/);
  });

  test('trains weights on pairs, and the run’s model folder is that model', async () => {
    const options = ['--data', at('train'), '--out', at('cli-weights'), '--shots', '4'];
    const defended = await rvpt('defend', '--method', 'cleanclip:epochs=2,batchSize=4,learningRate=0.001', ...options);
    expect(defended.code, defended.stderr).toBe(0);
    expect(defended.stderr).toContain('16 few-shot images with their class prompts');
    const byRun = await rvpt(
      'evaluate',
      '--data',
      at('test'),
      '--prompts',
      at('cli-weights'),
      '--predictions',
      at('a'),
    );
    expect(byRun.code, byRun.stderr).toBe(0);
    const model = at('cli-weights', 'model');
    const argv = ['evaluate', '--data', at('test'), '--predictions', at('b'), '--model', model, '--json'];
    const byModel = await runInProcess([...argv, '--threads', '1'], commands);
    expect(byModel.code, byModel.stderr).toBe(0);
    expect(await readFile(at('b'), 'utf8')).toBe(await readFile(at('a'), 'utf8'));
  });

  test('says what to export where a run made no prompts', async () => {
    const argv = ['export', '--out', at('onnx'), '--prompts', at('cli-weights')];
    const { code, stderr } = await rvpt(...argv);
    expect(code).toBe(2);
    expect(stderr).toContain('one of cleanclip, which makes none');
    expect(stderr).toContain(at('cli-weights', 'model'));
  });

  const refused = [
    ['an unknown method', ['--method', 'cleanclap'], /one of none, rvpt, vpt/],
    ['a setting that the method lacks', ['--method', 'linear-probe:alpha=2'], /alpha/],
    ['a flag that the method has no use for', ['--method', 'linear-probe', '--alpha', '2'], /no --alpha with.*linear/],
    ['pairs for a method that takes none', ['--pairs', 'pairs.csv'], /no --pairs with the method rvpt/],
  ] as const;
  test.each(refused)('refuses %s', async (_, argv, message) => {
    const { code, stderr } = await rvpt(
      'defend',
      '--data',
      at('train'),
      '--out',
      at('refused'),
      '--shots',
      '4',
      ...argv,
    );
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });

  test('tells when what a run made is another model’s, or was damaged', async () => {
    await writeSmallClip(at('other'), 1);
    const other = ['evaluate', '--model', at('other'), '--data', at('test'), '--prompts', at('cli-head'), '--json'];
    const { code, stderr } = await runInProcess(other, commands);
    expect(code).toBe(2);
    expect(stderr).toMatch(/one made of the model with sha256/);
    await cp(at('cli-head'), at('damaged'), { recursive: true });
    await writeFile(
      at('damaged', 'head.safetensors'),
      (await readFile(at('damaged', 'head.safetensors'))).subarray(0, 90),
    );
    const damaged = await rvpt('evaluate', '--data', at('test'), '--prompts', at('damaged'));
    expect(damaged.code).toBe(2);
    expect(damaged.stderr).toContain('head.safetensors');
  });
});
