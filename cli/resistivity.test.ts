import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';

import type { VisualPrompts } from '../src/inference/fold-prompts.js';
import { tensor } from '../src/tensor/tensor.js';
import { imageSide } from '../test/support/images.js';
import { goldenModel, MeasuredModel } from '../test/support/measured-model.js';
import { runInProcess, type Outcome } from '../test/support/run-in-process.js';
import { resistivity } from './resistivity.js';

let measured: MeasuredModel;
beforeAll(async () => {
  measured = await MeasuredModel.create();
});
afterAll(async () => {
  await measured[Symbol.asyncDispose]();
});

function run(...argv: string[]): Promise<Outcome> {
  return runInProcess(['resistivity', '--model', goldenModel, '--data', measured.data, ...argv], [resistivity]);
}

const document = z.looseObject({
  layers: z.array(z.int()),
  perturbations: z.record(z.string(), z.array(z.number())),
  n: z.int(),
});

async function measure(...argv: string[]): Promise<z.output<typeof document>> {
  const { code, stdout, stderr } = await run(...argv, '--json');
  expect(code, stderr).toBe(0);
  return document.parse(JSON.parse(stdout));
}

/** Mean cosine of the rows. */
function meanCosine(a: Float32Array, b: Float32Array, width: number): number {
  const rows = a.length / width;
  let sum = 0;
  for (let row = 0; row < rows; row++) {
    const [x, y] = [a, b].map((all) => [...all.subarray(row * width, (row + 1) * width)]);
    const dot = (u: number[], v: number[]): number => u.reduce((total, value, i) => total + value * v[i], 0);
    sum += dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y));
  }
  return sum / rows;
}

/** Bytes of an image, [S, S, 3], left to right. */
function mirrored(bytes: Uint8Array): Uint8Array {
  return bytes.map((_, i) => {
    const [y, x, channel] = [Math.floor(i / (3 * imageSide)), Math.floor(i / 3) % imageSide, i % 3];
    return bytes[(y * imageSide + (imageSide - 1 - x)) * 3 + channel];
  });
}

test.each([
  ['undefended', false],
  ['defended', true],
])('PR by block of the %s model is that of its textbook form', async (_, defended) => {
  const prompts: VisualPrompts = defended ? measured.prompts : new Map();
  const flags = defended ? ['--prompts', measured.promptsFile] : [];
  const got = await measure('--perturbation', 'horizontal-flip', '--batch', '7', ...flags);
  const noText = tensor([1, 32], new Float32Array(32).fill(1));
  const clean = await measured.textbook(await measured.pixelValues(), prompts, noText);
  const flipped = await measured.textbook(await measured.pixelValues(mirrored), prompts, noText);
  expect(got).toMatchObject({ layers: [0, 1, 2, 3], n: 20, prompts: defended ? measured.promptsFile : null });
  const values = got.perturbations['horizontal-flip'];
  expect(values).toHaveLength(4);
  values.forEach((value, d) => {
    expect(value, `block ${d}`).toBeCloseTo(meanCosine(clean[`c${d}`].data, flipped[`c${d}`].data, 128), 5);
  });
  // the first token has seen nothing yet, the last has
  expect(values[0]).toBeCloseTo(1, 6);
  expect(values[3]).toBeLessThan(0.99);
});

test('the four of the paper by default, triggers besides, and the batch makes no difference', async () => {
  const triggers = ['--trigger', 'badnet:size=60,place=center', '--trigger', 'blended'];
  const few = await measure(...triggers, '--batch', '1');
  const names = ['gaussian-noise', 'gaussian-blur', 'color-jitter', 'horizontal-flip'];
  expect(Object.keys(few.perturbations)).toEqual([...names, 'badnet:size=60,place=center', 'blended']);
  const many = await measure(...triggers, '--batch', '1000');
  for (const [name, values] of Object.entries(few.perturbations)) {
    values.forEach((value, d) => {
      expect(many.perturbations[name][d], `${name} ${d}`).toBeCloseTo(value, 5);
    });
    expect(values[3]).toBeLessThan(values[0]);
  }
  // noise far below one of 256 levels arrives, so it did not go through bytes
  const [, first] = few.perturbations['gaussian-noise'];
  expect(1 - first).toBeGreaterThan(1e-8);
  expect(1 - first).toBeLessThan(1e-2);
  expect(few).toMatchObject({ settings: { 'gaussian-noise': { std: 0.001 } }, seed: 0 });
});

test('more noise moves more', async () => {
  const [weak, strong] = ['gaussian-noise:std=0.01', 'gaussian-noise:std=0.3'];
  const { perturbations } = await measure('--perturbation', weak, '--perturbation', strong);
  expect(perturbations[strong][3]).toBeLessThan(perturbations[weak][3]);
});

test('people get a table', async () => {
  const { stdout, stderr } = await run('--trigger', 'badnet', '--limit', '3');
  for (const part of ['3 images', 'gaussian-noise', 'badnet', '1.0000']) expect(stdout).toContain(part);
  expect(stderr).toContain('6 views of every image');
});

test.each([
  ['a perturbation that is none', ['--perturbation', 'blurr'], 'expected one of gaussian-noise, gaussian-blur'],
  ['a setting that cannot be', ['--perturbation', 'gaussian-noise:std=-1'], 'std'],
  ['one of them twice', ['--perturbation', 'gaussian-blur', '--perturbation', 'gaussian-blur'], 'more than once'],
  ['a trigger that is none', ['--trigger', 'badnets'], 'expected one of badnet, blended'],
])('bad input is one message and exit code 2: %s', async (_, argv, message) => {
  const { code, stdout, stderr } = await run(...argv);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toContain(message);
  expect(stderr).not.toContain('    at ');
});

test('nothing but broken images: nothing to measure', async () => {
  const { code, stderr } = await run('--max-pixels', '10');
  expect(code).toBe(2);
  expect(stderr).toContain('got no images');
});
