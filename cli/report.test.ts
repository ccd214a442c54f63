import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';

import type { Comparison } from '../src/evaluation/comparison.js';
import { toPixelValues } from '../src/data/preprocess.js';
import { foldPrompts } from '../src/inference/fold-prompts.js';
import { ImageEncoder } from '../src/inference/image-encoder.js';
import { loadClip } from '../src/node/load-clip.js';
import { OnnxRuntime } from '../src/node/onnx-runtime.js';
import { tensor } from '../src/tensor/tensor.js';
import { readRun } from '../src/run/read-run.js';
import { htmlElements } from '../test/support/html-elements.js';
import { goldenModel, MeasuredModel, photoClasses } from '../test/support/measured-model.js';
import { runInProcess, type Outcome } from '../test/support/run-in-process.js';
import { defend } from './defend.js';
import { evaluate } from './evaluate.js';
import { report } from './report.js';
import { resistivity } from './resistivity.js';

const commands = [defend, evaluate, report, resistivity];
let measured: MeasuredModel;
let run: string;
let saved: Outcome;
let comparison: Comparison;

const trigger = 'badnet:size=100,place=center';
const attack = ['--trigger', trigger, '--target', 'boat'];

/** A command on the small model and its photos. */
function measure(command: string, ...argv: string[]): Promise<Outcome> {
  return runInProcess([command, '--model', goldenModel, '--data', measured.data, '--json', ...argv], commands);
}

async function comparisonOf(folder: string): Promise<Comparison> {
  const { evaluation } = await readRun(folder);
  if (evaluation === undefined) throw new Error(`${folder} was not measured`);
  return evaluation;
}

beforeAll(async () => {
  measured = await MeasuredModel.create();
  run = await measured.writeRun('run', photoClasses);
  saved = await measure('evaluate', '--prompts', run, ...attack, '--save');
  expect(saved.code, saved.stderr).toBe(0);
  comparison = await comparisonOf(run);
}, 60_000);
afterAll(() => measured[Symbol.asyncDispose]());

describe('evaluate --save', () => {
  test('keeps the figures that evaluate prints of the model without and with the prompts', async () => {
    const figures = z.looseObject({ ca: z.number(), n: z.number() });
    const printed = async (...argv: string[]): Promise<object> =>
      figures.parse(JSON.parse((await measure('evaluate', ...attack, ...argv)).stdout));
    const { before, after } = comparison;
    expect(await printed()).toMatchObject({ ...before.clean, ...before.attacked });
    const defended = await printed('--prompts', run);
    expect(defended).toMatchObject({ ...after.clean, ...after.attacked });
    expect(JSON.parse(saved.stdout)).toEqual({ ...defended, saved: path.join(run, 'evaluation.json') });
    expect(before).not.toEqual(after);
    expect(comparison).toMatchObject({
      attack: { trigger: { name: 'badnet', settings: { size: 100 } }, target: { index: 1, name: 'boat' }, seed: 0 },
      model: { path: goldenModel, sha256: measured.sha256 },
      data: { path: measured.data, classes: 4, images: 20 },
    });
  });

  test('keeps the resistivity that the command of that name prints', async () => {
    const document = z.looseObject({ perturbations: z.record(z.string(), z.array(z.number())) });
    const printed = async (...argv: string[]): Promise<number[][]> => {
      const { stdout } = await measure('resistivity', '--trigger', trigger, ...argv);
      return Object.values(document.parse(JSON.parse(stdout)).perturbations);
    };
    const kept = comparison.resistivity;
    expect(kept.n).toBe(20);
    const names = ['gaussian-noise', 'gaussian-blur', 'color-jitter', 'horizontal-flip', 'badnet'];
    expect(kept.perturbations.map(({ name }) => name)).toEqual(names);
    for (const [when, curves] of [
      ['before', await printed()],
      ['after', await printed('--prompts', run)],
    ] as const) {
      kept.perturbations.forEach((perturbation, i) => {
        perturbation[when].forEach((pr, d) => {
          expect(pr).toBeCloseTo(curves[i][d], 5);
        });
      });
    }
  });

  test('keeps examples as the model saw them, of other classes than the target', async () => {
    expect(comparison.examples).toHaveLength(8);
    for (const { image, label, clean, triggered } of comparison.examples) {
      expect(image.startsWith(`${label}/`)).toBe(true);
      expect(label).not.toBe('boat');
      const pixels = async (from: string | Buffer): Promise<Buffer> => sharp(from).removeAlpha().raw().toBuffer();
      const original = await pixels(path.join(measured.data, image));
      const seen = await pixels(Buffer.from(clean.png, 'base64'));
      expect(seen.equals(original)).toBe(true);
      const withTrigger = await pixels(Buffer.from(triggered?.png ?? '', 'base64'));
      // 100 of 224 pixels are 29 of 64: a patch in the middle, and the rest as it was
      const changed = [...withTrigger.keys()].filter((i) => withTrigger[i] !== original[i]);
      const places = changed.map((i) => [Math.floor(i / 3) % 64, Math.floor(i / 3 / 64)]).flat();
      expect([Math.min(...places), Math.max(...places)]).toEqual([17, 45]);
    }
  });

  test('keeps the answers of each model on each view', async () => {
    for (const [when, prompts] of [
      ['before', []],
      ['after', ['--prompts', run]],
    ] as const) {
      const file = measured.file(`${when}.csv`);
      await measure('evaluate', ...attack, ...prompts, '--predictions', file);
      const rows = (await readFile(file, 'utf8')).split('\n').map((line) => line.split(','));
      for (const { image, clean, triggered } of comparison.examples) {
        const [, , onClean, onTriggered] = rows.find(([name]) => name === image) ?? [];
        expect([clean[when].top[0].class, triggered?.[when].top[0].class]).toEqual([onClean, onTriggered]);
        for (const { top } of [clean[when], triggered?.[when] ?? clean[when]]) {
          const probabilities = top.map(({ probability }) => probability);
          expect(probabilities).toHaveLength(3);
          expect([...probabilities].sort((x, y) => y - x)).toEqual(probabilities);
          const sum = probabilities.reduce((total, each) => total + each, 0);
          // of four classes the likeliest three have more than three quarters
          expect(sum).toBeGreaterThan(0.75);
          expect(sum).toBeLessThanOrEqual(1 + 1e-9);
        }
      }
    }
  });

  test('keeps the attention of each model on each view', async () => {
    await using clip = await loadClip(goldenModel);
    const runtime = new OnnxRuntime({ threads: 1 });
    for (const [when, prompts] of [
      ['before', new Map()],
      ['after', await foldPrompts(runtime, clip.weights, measured.prompts)],
    ] as const) {
      const options = { batch: 1, attention: true, prompts };
      await using encoder = await ImageEncoder.create(runtime, clip.weights, options);
      for (const { clean, triggered } of comparison.examples.slice(2, 4)) {
        for (const view of [clean, triggered ?? clean]) {
          const data = new Uint8Array(await sharp(Buffer.from(view.png, 'base64')).raw().toBuffer());
          const pixels = toPixelValues({ width: 64, height: 64, data }, clip.preprocess);
          const { attention } = await encoder.encode(tensor([1, 3, 64, 64], pixels));
          expect(view[when].attention).toHaveLength(16);
          view[when].attention.forEach((value, i) => {
            expect(value / (attention?.data[i] ?? NaN)).toBeCloseTo(1, 2);
          });
        }
      }
    }
    const maps = comparison.examples.flatMap(({ clean, triggered }) =>
      [clean, triggered ?? clean].flatMap(({ before, after }) => [String(before.attention), String(after.attention)]),
    );
    expect(new Set(maps).size).toBe(maps.length);
  });

  test('needs a run to save to', async () => {
    for (const prompts of [[], ['--prompts', measured.promptsFile]]) {
      const { code, stderr } = await measure('evaluate', ...prompts, '--save');
      expect(code).toBe(2);
      expect(stderr).toMatch(/--prompts with the run|expected a folder with a config.json/);
    }
  });
});

describe('report', () => {
  test('of a sweep asks for its grid', async () => {
    const sweep = path.join(path.dirname(run), 'swept');
    await mkdir(path.join(sweep, 'runs'), { recursive: true });
    const { code, stderr } = await runInProcess(['report', sweep], commands);
    expect(code).toBe(2);
    expect(stderr).toContain('the folder of a sweep without its grid');
    expect(stderr).toContain('--grid GRID.yaml');
  });

  test('of a grid takes the one folder of its sweep', async () => {
    const { code, stderr } = await runInProcess(['report', run, run, '--grid', 'grid.yaml'], commands);
    expect(code).toBe(2);
    expect(stderr).toContain('expected one folder, that of its sweep, got 2 folders');
  });

  test('writes a page of a run into it, and says where', async () => {
    const { code, stdout } = await runInProcess(['report', run], commands);
    const file = path.join(run, 'report.html');
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${file}\n` });
    const page = await readFile(file, 'utf8');
    expect(htmlElements(page).filter(({ attributes }) => attributes['class'] === 'heat')).toHaveLength(32);
    const strict = (100 * (comparison.before.attacked?.asr_strict ?? NaN)).toFixed(1);
    expect(page).toContain(`<span class="before">${strict} %</span>`);
    expect(page).toContain(comparison.examples[0].triggered?.png);
  });

  test('of several runs goes where it is told', async () => {
    const unmeasured = await measured.writeRun('unmeasured', photoClasses);
    const out = measured.file('both.html');
    const argv = ['report', run, unmeasured, '--out', out, '--title', 'Two <runs>', '--json'];
    const { code, stdout, stderr } = await runInProcess(argv, commands);
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      report: out,
      models: [
        { name: 'badnet', run },
        { name: 'unmeasured', run: unmeasured },
      ],
    });
    expect(stderr).toContain(`${unmeasured} was not measured yet`);
    const page = await readFile(out, 'utf8');
    expect(htmlElements(page).length).toBeGreaterThan(100);
    expect(page).toContain('<title>Two &lt;runs&gt;</title>');
  });

  /** Of a copy of the run with something wrong in one of its files. */
  async function ofDamaged(name: string, file: string, damage: (text: string) => string): Promise<Outcome> {
    const folder = measured.file(`damaged-${name}`);
    await cp(run, folder, { recursive: true });
    await writeFile(path.join(folder, file), damage(await readFile(path.join(folder, file), 'utf8').catch(() => '')));
    return runInProcess(['report', folder], commands);
  }

  test.each([
    ['config.json', 'cut short', (text: string) => text.slice(0, -20), 'text that is not JSON'],
    ['config.json', 'of another format', (text: string) => text.replace('rvpt-run-1', 'x'), 'JSON that does not fit'],
    ['samples.json', 'no list', () => '{"classes": 3}', 'JSON that does not fit'],
    ['history.jsonl', 'no history', () => '{"step": 0}\n', 'something else on line 1'],
    ['evaluation.json', 'cut short', (text: string) => text.slice(0, -20), 'text that is not JSON'],
    [
      'evaluation.json',
      'with a rate of 3',
      (text: string) => text.replace(/"ca": [\d.]+/, '"ca": 3'),
      'before.clean.ca',
    ],
    [
      'evaluation.json',
      'with attention of hostile length',
      (text: string) => text.replace('"attention": [', `"attention": [${'0,'.repeat(5000)}`),
      'attention',
    ],
    [
      'evaluation.json',
      'of another model',
      (text: string) => text.replace(measured.sha256, 'b'.repeat(64)),
      'that of another, sha256 bbb',
    ],
  ])('a damaged run is one message: %s %s', async (file, how, damage, message) => {
    const { code, stdout, stderr } = await ofDamaged(`${file}-${how}`, file, damage);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(file);
    expect(stderr).toContain(message);
    expect(stderr).not.toContain('    at ');
    expect(stderr.split('\n').length).toBeLessThan(30);
  });

  test('of no run is a message', async () => {
    const { code, stderr } = await runInProcess(['report', measured.data], commands);
    expect(code).toBe(2);
    expect(stderr).toContain('expected a folder with a config.json');
  });

  test('of a model is a message', async () => {
    const { code, stderr } = await runInProcess(['report', goldenModel], commands);
    expect(code).toBe(2);
    expect(stderr).toContain(
      'expected a folder that `rvpt defend --out` wrote, got a config.json that is not of a run',
    );
  });
});

describe('defend', () => {
  const quick = [
    '--preset',
    'paper',
    '--depth',
    '1',
    '--tokens',
    '2',
    '--shots',
    '4',
    '--batch-size',
    '8',
    '--epochs',
    '2',
  ];

  test('measures what it made on --test, and writes the report', async () => {
    const out = measured.file('defended');
    const { code, stdout, stderr } = await measure(
      'defend',
      '--out',
      out,
      ...quick,
      '--test',
      measured.data,
      ...attack,
    );
    expect(code, stderr).toBe(0);
    const page = path.join(out, 'report.html');
    const printed: unknown = JSON.parse(stdout);
    const { before, after, attack: measuredAttack } = await comparisonOf(out);
    expect(measuredAttack?.target.name).toBe('boat');
    expect(before).toEqual(comparison.before);
    expect(printed).toMatchObject({ run: out, report: page, before, after });
    const again: unknown = JSON.parse((await measure('evaluate', '--prompts', out, ...attack)).stdout);
    expect(again).toMatchObject({ ...after.clean, ...after.attacked });
    expect(await readFile(page, 'utf8')).toContain('id="model-1-resistivity"');
  });

  test('without --test writes a report of the tuning alone, or with --no-report none', async () => {
    const out = measured.file('untested');
    expect(await measure('defend', '--out', out, ...quick)).toMatchObject({ code: 0 });
    expect(await readFile(path.join(out, 'report.html'), 'utf8')).toContain('was not measured yet');
    const silent = measured.file('silent');
    const { stdout } = await measure('defend', '--out', silent, ...quick, '--no-report');
    expect(JSON.parse(stdout)).toMatchObject({ report: null });
    await expect(readFile(path.join(silent, 'report.html'))).rejects.toThrow('ENOENT');
  });

  test.each([
    ['a trigger without images to put it on', attack, '--trigger without --test'],
    ['a target that is no class', ['--test', '.', '--trigger', 'badnet', '--target', 'banana'], 'banana'],
  ])('%s is refused before the work', async (_, flags, message) => {
    const out = measured.file('refused');
    const given = flags.map((flag) => (flag === '.' ? measured.data : flag));
    const { code, stderr } = await measure('defend', '--out', out, ...quick, ...given);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
    await expect(readFile(path.join(out, 'config.json'))).rejects.toThrow('ENOENT');
  });
});
