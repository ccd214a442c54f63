import { readFile } from 'node:fs/promises';
import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';

import { classPrompts, resolveTemplates } from '../src/data/class-prompts.js';
import type { VisualPrompts } from '../src/inference/fold-prompts.js';
import { classTextFeatures } from '../src/inference/text-features.js';
import { loadClip } from '../src/node/load-clip.js';
import { OnnxRuntime } from '../src/node/onnx-runtime.js';
import { goldenModel, MeasuredModel, photoClasses, photos } from '../test/support/measured-model.js';
import { runInProcess, type Outcome } from '../test/support/run-in-process.js';
import { evaluate } from './evaluate.js';

let measured: MeasuredModel;
beforeAll(async () => {
  measured = await MeasuredModel.create();
});
afterAll(async () => {
  await measured[Symbol.asyncDispose]();
});

function run(...argv: string[]): Promise<Outcome> {
  return runInProcess(['evaluate', '--model', goldenModel, '--data', measured.data, ...argv], [evaluate]);
}

const csvRow = z.object({ image: z.string(), label: z.string(), predicted: z.string(), triggered: z.string() });

async function readPredictions(file: string): Promise<z.output<typeof csvRow>[]> {
  return z.array(csvRow).parse(parse(await readFile(file, 'utf8'), { columns: true }));
}

test('the metrics are those of the predictions', async () => {
  const file = measured.file('predictions.csv');
  const attack = ['--trigger', 'badnet:size=100,place=center', '--target', 'Boat'];
  const { code, stdout } = await run(...attack, '--predictions', file, '--json');
  expect(code).toBe(0);
  const rows = await readPredictions(file);
  expect(rows.map(({ image }) => image)).toEqual(photos);
  expect(rows.every(({ image, label }) => image.startsWith(`${label}/`))).toBe(true);
  // something must have come of the trigger for this to be a test
  expect(rows.some(({ predicted, triggered }) => predicted !== triggered)).toBe(true);

  const share = (of: typeof rows, hit: (row: (typeof rows)[0]) => boolean): number => of.filter(hit).length / of.length;
  const others = rows.filter(({ label }) => label !== 'boat');
  expect(JSON.parse(stdout)).toMatchObject({
    ca: share(rows, ({ label, predicted }) => label === predicted),
    ca_interval: [expect.any(Number), expect.any(Number)],
    n: 20,
    asr_strict: share(others, ({ triggered }) => triggered === 'boat'),
    asr_strict_n: 15,
    asr_inclusive: share(rows, ({ triggered }) => triggered === 'boat'),
    asr_inclusive_n: 20,
    pa: share(rows, ({ label, triggered }) => label === triggered),
    trigger: { name: 'badnet', settings: { size: 100, place: 'center' }, seed: 0 },
    target: { index: 1, name: 'boat' },
    model: { path: goldenModel, sha256: measured.sha256 },
    prompts: null,
    skipped: [],
  });
});

test('predictions do not depend on the batch; without a trigger there is no attack', async () => {
  const attack = ['--trigger', 'blended:alpha=0.9', '--target', '#0'];
  const files = ['1', '3', '16', '400'].map((batch) => ({ batch, file: measured.file(`batch-${batch}.csv`) }));
  for (const { batch, file } of files) {
    expect((await run(...attack, '--batch', batch, '--predictions', file)).code).toBe(0);
  }
  const [first, ...rest] = await Promise.all(files.map(({ file }) => readFile(file, 'utf8')));
  for (const other of rest) expect(other).toBe(first);

  const clean: unknown = JSON.parse((await run('--json')).stdout);
  const rows = await readPredictions(files[0].file);
  expect(clean).toMatchObject({ n: 20, ca: rows.filter(({ label, predicted }) => label === predicted).length / 20 });
  expect(clean).not.toHaveProperty('asr_strict');
  expect(clean).not.toHaveProperty('pa');
});

/** The photos' classes by the textbook form of the prompted model. */
async function textbookAnswers(prompts: VisualPrompts): Promise<string[]> {
  await using clip = await loadClip(goldenModel);
  const texts = classPrompts(photoClasses, resolveTemplates());
  const features = await classTextFeatures(new OnnxRuntime(), clip.weights, clip.tokenizer, texts);
  const { logits } = await measured.textbook(await measured.pixelValues(), prompts, features); // [n, 4]
  return photos.map((_, row) => {
    const own = logits.data.subarray(row * 4, row * 4 + 4);
    const [first, second] = [...own].sort((x, y) => y - x);
    // closer ones might fall either way in float32
    expect(first - second).toBeGreaterThan(1e-4);
    return photoClasses[own.indexOf(first)];
  });
}

test('a defended model answers as the textbook form of it does', async () => {
  const file = measured.file('defended.csv');
  const csv = z.array(csvRow.omit({ triggered: true }));
  const read = async () =>
    csv.parse(parse(await readFile(file, 'utf8'), { columns: true })).map((row) => row.predicted);
  expect((await run('--predictions', file)).code).toBe(0);
  const undefended = await read();
  expect(undefended).toEqual(await textbookAnswers(new Map()));
  expect((await run('--predictions', file, '--prompts', measured.promptsFile)).code).toBe(0);
  const defended = await read();
  expect(defended).toEqual(await textbookAnswers(measured.prompts));
  expect(defended).not.toEqual(undefended);
});

test('the folder of a run will do for its prompts; other classes and class prompts than its own are told', async () => {
  const own = await measured.writeRun('run', photoClasses);
  const direct = await run('--prompts', measured.promptsFile, '--json');
  const viaRun = await run('--prompts', own, '--json');
  const document = z.looseObject({ prompts: z.string() });
  expect(document.parse(JSON.parse(viaRun.stdout))).toEqual({
    ...document.parse(JSON.parse(direct.stdout)),
    prompts: own,
  });
  expect(viaRun.stderr).not.toContain('tuned');
  const foreign = await measured.writeRun('other-run', ['cat', 'dog']);
  const other = await run('--prompts', foreign, '--template', 'pets');
  expect(other).toMatchObject({ code: 0 });
  expect(other.stderr).toContain('tuned on other classes (2) than these (4)');
  expect(other.stderr).toContain('tuned with other class prompts (["a photo of a {class}."])');
});

test('--limit measures on a part that the seed draws', async () => {
  const images = async (...argv: string[]): Promise<string[]> => {
    const file = measured.file('part.csv');
    expect((await run('--predictions', file, ...argv)).code).toBe(0);
    return (await readFile(file, 'utf8')).split('\n').slice(1, -1);
  };
  const all = await images();
  const seven = await images('--limit', '7');
  expect(seven).toHaveLength(7);
  expect(all.filter((row) => seven.includes(row))).toEqual(seven);
  const nine = await images('--limit', '9');
  expect(seven.every((row) => nine.includes(row))).toBe(true);
  expect(await images('--limit', '7', '--seed', '1')).not.toEqual(seven);
  expect(await images('--limit', '700')).toEqual(all);
});

test('gates: 1 where one is missed, 0 where all are met', async () => {
  const attack = ['--trigger', 'badnet', '--target', 'cat'];
  const met = await run(...attack, '--max-asr', '1', '--min-ca', '0');
  expect(met).toMatchObject({ code: 0 });
  const missed = await run(...attack, '--max-asr', '1', '--min-ca', '1', '--json');
  expect(missed.code).toBe(1);
  expect(missed.stderr).toMatch(/gate missed: clean accuracy [\d.]+ is below 1\n$/);
  expect(JSON.parse(missed.stdout)).toHaveProperty('ca');
});

test('people get a table', async () => {
  const { stdout, stderr } = await run('--trigger', 'badnet', '--target', 'cat');
  for (const part of ['clean accuracy', 'strict', 'inclusive', 'poisoned accuracy', '15', '20']) {
    expect(stdout).toContain(part);
  }
  expect(stderr).toContain('20 images of 4 classes');
  expect(stderr).toMatch(/plan: {2}2 views of every image, 0\.0\d+ GFLOP an image/);
});
