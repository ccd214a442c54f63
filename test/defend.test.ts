import { cp, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { writeShapes } from '../scripts/make-shapes.mjs';
import { commands } from '../cli/commands.js';
import { openSafetensors } from '../src/checkpoint/safetensors.js';
import { FileBytes } from '../src/node/files.js';
import { readHistory } from '../src/run/history.js';
import { readRun } from '../src/run/read-run.js';
import { promptHistoryEntrySchema } from '../src/run/schema.js';
import { runInProcess, type Outcome } from './support/run-in-process.js';
import { temporaryFolder } from './support/temporary-folder.js';

const model = path.resolve(import.meta.dirname, 'golden/clip-tiny/hf');
let scope: Awaited<ReturnType<typeof temporaryFolder>>;
let data: string;
const at = (name: string): string => path.join(scope.path, name);

beforeAll(async () => {
  scope = await temporaryFolder();
  data = at('train');
  await writeShapes(data, { perClass: 8, seed: 3 });
});
afterAll(() => scope[Symbol.asyncDispose]());

const fast = [
  '--preset',
  'paper',
  '--depth',
  '1',
  '--tokens',
  '4',
  '--shots',
  '8',
  '--batch-size',
  '8',
  '--learning-rate',
  '0.05',
];

function defend(out: string, ...more: string[]): Promise<Outcome> {
  return runInProcess(['defend', '--model', model, '--data', data, '--out', at(out), ...fast, ...more], commands);
}

async function promptsOf(out: string): Promise<Buffer> {
  return readFile(path.join(at(out), 'prompts.safetensors'));
}

describe('a run', () => {
  test('lowers FR and CE, and leaves a complete folder', async () => {
    const { code, stdout, stderr } = await defend('run', '--epochs', '40', '--json');
    expect(code, stderr).toBe(0);
    const run = await readRun(at('run'));
    const history = await readHistory(path.join(at('run'), 'history.jsonl'), promptHistoryEntrySchema);
    expect(run.history).toEqual(history);
    expect(history).toHaveLength(160);
    const mean = (key: 'fr' | 'ce', entries: typeof history): number =>
      entries.reduce((sum, entry) => sum + entry[key], 0) / entries.length;
    expect(mean('fr', history.slice(-4))).toBeLessThan(mean('fr', history.slice(0, 4)) - 0.1);
    expect(mean('ce', history.slice(-4))).toBeLessThan(mean('ce', history.slice(0, 4)));
    for (const { loss, ce, fr } of history) expect(loss).toBeCloseTo(ce + 2 * fr, 4);
    expect(history[3].learning_rate).toBe(1e-5);
    expect(history[4].learning_rate).toBe(0.05);

    const result: unknown = JSON.parse(stdout);
    expect(result).toMatchObject({ run: at('run'), steps: 160, fr: mean('fr', history.slice(-4)) });
    expect(run.samples?.samples).toHaveLength(32);
    expect(run.config.settings).toMatchObject({ alpha: 2, depth: 1, tokens: 4, weightDecay: 5e-4 });

    await using file = await FileBytes.open(path.join(at('run'), 'prompts.safetensors'));
    const { tensors, metadata } = await openSafetensors(file);
    expect([...tensors].map(([name, { shape }]) => [name, ...shape])).toEqual([
      ['prompts.1', 4, 128],
      ['prompts.2', 4, 128],
    ]);
    expect(metadata.get('base_model_sha256')).toBe(run.config.model.sha256);
    expect(stderr).toContain('1,024 trainable parameters');
  });

  test('is the same to the last bit with the same seed, and another with another', async () => {
    await defend('same-1', '--epochs', '3');
    await defend('same-2', '--epochs', '3');
    await defend('other', '--epochs', '3', '--seed', '1');
    expect(await promptsOf('same-2')).toEqual(await promptsOf('same-1'));
    expect(await promptsOf('other')).not.toEqual(await promptsOf('same-1'));
  });

  test('of vpt does not repel', async () => {
    const { code } = await defend('vpt', '--epochs', '40', '--method', 'vpt');
    expect(code).toBe(0);
    const [rvpt, vpt] = [await readRun(at('run')), await readRun(at('vpt'))];
    for (const { loss, ce } of vpt.history) expect(loss).toBe(ce);
    expect(vpt.history.at(-1)?.fr).toBeGreaterThan((rvpt.history.at(-1)?.fr ?? 1) + 0.1);
  });

  test('on features in a file is the same as on features in memory', async () => {
    await defend('in-memory', '--epochs', '3');
    await defend('on-disk', '--epochs', '3', '--cache-memory', '0');
    expect(await promptsOf('on-disk')).toEqual(await promptsOf('in-memory'));
  });

  test('with augmentation sees other pixels; recomputed views differ from cached ones from the second cycle on', async () => {
    const options = ['--epochs', '3', '--augmentation', 'crop-flip'];
    for (const [out, views] of [
      ['one', '1'],
      ['three', '3'],
      ['fresh', '0'],
    ]) {
      expect((await defend(`views-${out}`, ...options, '--views', views)).code).toBe(0);
    }
    const losses = async (out: string): Promise<number[]> => (await readRun(at(out))).history.map(({ loss }) => loss);
    const [none, one, three, fresh] = [
      await losses('same-1'),
      await losses('views-one'),
      await losses('views-three'),
      await losses('views-fresh'),
    ];
    expect(one[0]).not.toBe(none[0]);
    // the first epoch shows view 0 to all; after that a single cached view stays what it was
    expect(three.slice(0, 4)).toEqual(one.slice(0, 4));
    expect(three[4]).not.toBe(one[4]);
    // three views in three epochs are as good as new views each epoch
    for (const [i, loss] of fresh.entries()) expect(loss).toBeCloseTo(three[i], 4);
  });

  test('can be made again from its list of samples', async () => {
    const again = await defend('from-list', '--epochs', '3', '--samples', path.join(at('same-1'), 'samples.json'));
    expect(again.code, again.stderr).toBe(0);
    expect(await promptsOf('from-list')).toEqual(await promptsOf('same-1'));
  });
});

describe('what cannot be is refused with one clear message and exit code 2', () => {
  const refused = async (outcome: Promise<Outcome>, ...parts: (string | RegExp)[]): Promise<void> => {
    const { code, stderr, stdout } = await outcome;
    expect(stderr).not.toMatch(/\n\s+at /);
    for (const part of parts) expect(stderr).toMatch(part);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  };

  test('D as large as L', () => refused(defend('x1', '--depth', '3'), /0 to 2.*3 blocks/, 'Lower the depth'));
  test('no prompt tokens', () => refused(defend('x2', '--tokens', '0'), '--tokens'));
  test('fewer images than shots', () =>
    refused(defend('x3', '--shots', '9'), '9 images or more in every class', 'circle (8)'));
  test('one class only', async () => {
    await cp(path.join(data, 'circle'), at('single/circle'), { recursive: true });
    await refused(defend('x4', '--data', at('single')), /class/);
  });
  test('missing data', () => refused(defend('x5', '--data', at('nowhere')), 'nowhere'));
  test('missing model', () => refused(defend('x6', '--model', at('no-model')), 'no-model'));
  test('all problems of a config and the flags at once', async () => {
    await writeFile(at('config.yaml'), 'alhpa: 3\ntokens: many\n');
    await refused(defend('x7', '--config', at('config.yaml'), '--depth', '-1'), /alhpa.*did you mean alpha/, '--depth');
  });
  test('a folder that holds a run', () => refused(defend('same-1', '--epochs', '3'), '--resume'));
  test('resuming with other settings', () =>
    refused(defend('same-1', '--epochs', '4', '--resume'), 'settings.epochs: 3 -> 4'));
  test('a truncated image, named', async () => {
    await cp(data, at('truncated'), { recursive: true });
    const image = path.join(at('truncated'), 'cross', 'cross-3.jpg');
    await writeFile(image, (await readFile(image)).subarray(0, 900));
    await refused(defend('x8', '--data', at('truncated')), 'cross-3.jpg');
    const skipped = await defend('x9', '--data', at('truncated'), '--on-broken', 'skip', '--epochs', '1');
    expect(skipped.code, skipped.stderr).toBe(0);
    expect(skipped.stderr).toMatch(/left out: .*cross-3\.jpg/);
    expect((await readRun(at('x9'))).samples?.samples).toHaveLength(31);
  });
  test('a loss that diverges', () =>
    refused(
      defend('x10', '--learning-rate', '1e30', '--epochs', '3', '--warmup-epochs', '0'),
      'a finite loss',
      'Lower the learning rate',
    ));
});

test('a finished run that is resumed stays as it is', async () => {
  const before = await promptsOf('same-1');
  const { code, stderr } = await defend('same-1', '--epochs', '3', '--resume');
  expect(code, stderr).toBe(0);
  expect(await promptsOf('same-1')).toEqual(before);
});
