import { expect, test } from 'vitest';

import { OnnxRuntime } from '../../node/onnx-runtime.js';
import { tensor } from '../../tensor/tensor.js';
import { captionImages, trainCaptioner, type CaptionerTraining } from './captioner.js';
import { CaptionVocabulary } from './vocabulary.js';

const training: CaptionerTraining = {
  ...{ steps: 60, batch: 3, learningRate: 5e-3, warmupSteps: 5, weightDecay: 0 },
  ...{ prefix: 1, width: 64, layers: 1 },
};
const captions = ['a red fox', 'here is a small boat.', 'boat'];
const features = tensor([3, 3], [1, 0, 0, 0, 1, 0, 0, 0, 1]);
const vocabulary = new CaptionVocabulary(captions);
const runtime = new OnnxRuntime({ threads: 1 });

test('a captioner learns what images are called, whatever their order and number', async () => {
  const captioner = await trainCaptioner(runtime, { features, captions }, vocabulary, training, { seed: 0 });
  expect(captioner.shape.tokens).toBe(7); // six words, the full stop among them, and the end
  const said = await captionImages(runtime, captioner, features);
  expect(said.map((words) => words.join(' '))).toEqual(['a red fox', 'here is a small boat .', 'boat']);

  const many = Array.from({ length: 70 }, (_, i) => i % 3); // more than go through together
  const rows = tensor(
    [70, 3],
    many.flatMap((hot) => [0, 1, 2].map((k) => (k === hot ? 1 : 0))),
  );
  expect(await captionImages(runtime, captioner, rows)).toEqual(many.map((hot) => said[hot]));

  const again = await trainCaptioner(runtime, { features, captions }, vocabulary, training, { seed: 0 });
  expect([...again.tensors]).toEqual([...captioner.tensors]);
});

test('fewer examples than a batch, and words it has never seen, are refused', async () => {
  const two = { features: tensor([2, 3]), captions: captions.slice(0, 2) };
  await expect(trainCaptioner(runtime, two, vocabulary, training, { seed: 0 })).rejects.toThrow('2 examples');
  const other = { features, captions: ['a red fox', 'a blue fox', 'boat'] };
  await expect(trainCaptioner(runtime, other, vocabulary, training, { seed: 0 })).rejects.toThrow('got blue');
});
