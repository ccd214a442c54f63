import { expect, test } from 'vitest';

import { tinyArchitecture } from '../../test/support/tiny-clip.js';
import { byteTokenizer } from '../model/tokenizer.js';
import { randomWeights } from '../model/weights.js';
import { OnnxRuntime } from '../node/onnx-runtime.js';
import type { Tensor } from '../tensor/tensor.js';
import { ContrastiveTrainer } from './contrastive-trainer.js';
import { restoreState, stateOf } from './trainer-state.js';

const settings = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, decay: 'all' } as const;
const text = { ...tinyArchitecture.text, vocabularySize: 258 };
const trainer = (): Promise<ContrastiveTrainer> =>
  ContrastiveTrainer.create(
    new OnnxRuntime({ threads: 1 }),
    randomWeights({ ...tinyArchitecture, text }, 3),
    byteTokenizer(text),
    settings,
  );

test('a trainer that has taken no step has no state', async () => {
  await using fresh = await trainer();
  expect(() => stateOf(fresh, 0)).toThrow('no step has moved');
});

test('a state with a tensor missing, or of another size, is refused by name', async () => {
  await using fresh = await trainer();
  const tensors = new Map<string, Tensor>();
  for (const [name, { data }] of fresh.tensors) {
    const { length } = data;
    for (const kind of ['weight', 'first', 'second']) {
      tensors.set(`${kind}.${name}`, { shape: [length], data: new Float32Array(length).fill(0.5) });
    }
  }
  const without = new Map(tensors);
  without.delete('second.logit_scale');
  expect(() => {
    restoreState(fresh, { step: 4, tensors: without });
  }).toThrow('resume at step 4: expected second.logit_scale of 1 elements, got none');
  const long = new Map(tensors).set('first.logit_scale', { shape: [2], data: new Float32Array(2) });
  expect(() => {
    restoreState(fresh, { step: 4, tensors: long });
  }).toThrow('expected first.logit_scale of 1 elements, got 2');

  restoreState(fresh, { step: 4, tensors });
  expect(fresh.tensors.get('logit_scale')?.data).toEqual(Float32Array.of(0.5));
  expect(fresh.optimiser.state.get('logit_scale')).toMatchObject({ steps: 4, first: Float32Array.of(0.5) });
});
