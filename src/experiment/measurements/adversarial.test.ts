import path from 'node:path';
import { expect, it } from 'vitest';

import { silentProgress } from '../../core/progress.js';
import { loadClip } from '../../node/load-clip.js';
import { openDataset } from '../../node/open-dataset.js';
import { OnnxRuntime } from '../../node/onnx-runtime.js';
import { tensor } from '../../tensor/tensor.js';
import { smallArchitecture, writeColors, writeSmallClip } from '../../../test/support/small-clip.js';
import { normalTensor, unevenWeights } from '../../../test/support/random-clip.js';
import { temporaryFolder } from '../../../test/support/temporary-folder.js';
import type { DefendedModel } from '../../defense/defense.js';
import { adversarial, adversarialSchema } from './adversarial.js';

it('measures every kind of defended model, on images drawn from all classes alike', async () => {
  await using folder = await temporaryFolder();
  await writeSmallClip(path.join(folder.path, 'model'));
  await writeColors(path.join(folder.path, 'images'), 4, 1);
  await using clip = await loadClip(path.join(folder.path, 'model'));
  const dataset = await openDataset(path.join(folder.path, 'images'));
  const { embedDim, vision } = smallArchitecture;
  const models: readonly DefendedModel[] = [
    { kind: 'unchanged' },
    { kind: 'prompts', prompts: new Map([[0, normalTensor(1, 'prompts', [3, vision.width], 5)]]) },
    { kind: 'weights', weights: unevenWeights(smallArchitecture, 9) },
    {
      kind: 'head',
      head: { weight: normalTensor(2, 'W', [4, embedDim], 1), bias: tensor([4]), unit: true },
    },
  ];
  const answers: string[] = [];
  for (const model of models) {
    const measurement = adversarial.create({ images: 8, steps: 2, epsilon: 20, stepSize: 10 });
    const input = { clip, dataset, model, runtime: new OnnxRuntime({ threads: 1 }), seed: 3, progress: silentProgress };
    const found = adversarialSchema.parse(await measurement.measure(input));
    const counts = [0, 1, 2, 3].map((label) => found.labels.filter((one) => one === label).length);
    expect(counts).toEqual([2, 2, 2, 2]);
    const right = (given: readonly number[]): number => given.filter((one, i) => one === found.labels[i]).length / 8;
    expect(found.clean.rate).toBe(right(found.predicted));
    expect(found.adversarial.rate).toBe(right(found.attacked));
    answers.push(JSON.stringify([found.predicted, found.attacked]));
  }
  expect(new Set(answers).size).toBe(models.length);
});

it('has the paper’s attack as its preset', () => {
  expect(adversarial.presets['paper'].settings).toMatchObject({ epsilon: 8, steps: 10 });
});
