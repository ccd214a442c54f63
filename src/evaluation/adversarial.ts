import { overlapped } from '../core/overlapped.js';
import { ImageLoader, type Batch, type BrokenImage } from '../data/loader.js';
import type { Sample } from '../data/sample.js';
import { lowerToOnnx } from '../graph/onnx/lower.js';
import type { Session } from '../runtime/session.js';
import { Random } from '../tensor/random.js';
import { padRows } from '../tensor/pad-rows.js';
import { tensor, type Tensor } from '../tensor/tensor.js';
import { projectedGradientDescent, type PgdSettings } from '../training/pgd.js';
import { adversarialGraph, type ImageClassifier } from './adversarial-graph.js';
import type { MeasureOptions } from './encode-views.js';
import { refuseOtherClasses } from './head-classes.js';
import { cleanAccuracy } from './metrics.js';
import { cleanPredictions, largestLogits } from './predictions.js';
import { rateOf, type Rate } from './rate.js';

/** What is attacked, and how. */
export interface AdversarialOptions extends Omit<MeasureOptions, 'prompts' | 'openEncoder'>, ImageClassifier {
  readonly pgd: PgdSettings;
  /** Of the random starts: each image's own depends on its path and this alone. */
  readonly seed: number;
}

/** What the model called one image. */
export interface AttackedPrediction {
  readonly sample: Sample;
  readonly predicted: number;
  /** After the attack. */
  readonly attacked: number;
}

/** What an attack by adversarial images found. */
export interface AdversarialAccuracy {
  /** Share of images given their true class as they are. */
  readonly clean: Rate;
  /** … and after the attack. */
  readonly adversarial: Rate;
  /** In the order of the samples, broken images left out. */
  readonly predictions: readonly AttackedPrediction[];
  readonly broken: readonly BrokenImage[];
}

/**
 * Accuracy under adversarial images: projected gradient descent on the cross-entropy of the true class, with all of the
 * model known to the attacker, visual prompts and head included. Adversarial pixels are not rounded to 8 bits.
 * @throws InputError (`data`) when no image counts, or a logit is no number; (`mismatch`) for a head of other classes
 */
export async function adversarialAccuracy(options: AdversarialOptions): Promise<AdversarialAccuracy> {
  const { runtime, weights, source, textFeatures, head, progress, signal, pgd, seed } = options;
  const [classes] = textFeatures.shape;
  if (head !== undefined) refuseOtherClasses(head, classes);
  const batch = Math.max(1, Math.min(options.batch, source.samples.length));
  const graph = adversarialGraph(weights, source.preprocess, options, batch);
  await using session = await runtime.compile(lowerToOnnx(graph, runtime.provider), runtime.lanes);
  // pixels are kept in [0, 1]: the graph normalises them
  const preprocess = { ...source.preprocess, mean: [0, 0, 0], std: [1, 1, 1] } as const;
  const loader = new ImageLoader({ ...source, preprocess, ahead: (session.lanes + 1) * batch });

  const attack = async ({ pixelValues, labels, samples }: Batch): Promise<AttackedPrediction[]> => {
    const targets = oneHot(labels, classes, batch);
    const run = (pixels: Tensor): ReturnType<Session['run']> => {
      signal?.throwIfAborted();
      return session.run({ pixels: padRows(pixels, batch), targets });
    };
    const answers = async (pixels: Tensor): Promise<Int32Array> => {
      const { logits } = await run(pixels);
      return largestLogits(logits.data.subarray(0, samples.length * classes), classes, (row) => samples[row].path);
    };
    const predicted = await answers(pixelValues);
    const randoms = samples.map(({ path }) => Random.stream(seed, `adversarial/${path}`));
    const gradientOf = async (pixels: Tensor): Promise<Tensor> => (await run(pixels))['gradient'];
    const attacked = await answers(await projectedGradientDescent(gradientOf, pixelValues, pgd, randoms));
    return samples.map((sample, i) => ({ sample, predicted: predicted[i], attacked: attacked[i] }));
  };

  const predictions: AttackedPrediction[] = [];
  const task = progress.begin('attacking', source.samples.length, 'images');
  try {
    for await (const some of overlapped(loader.batches(batch), attack, session.lanes)) {
      signal?.throwIfAborted();
      predictions.push(...some);
      task.update(predictions.length);
    }
  } finally {
    task.end();
  }
  const labels = Int32Array.from(predictions, ({ sample }) => sample.label);
  const clean = cleanAccuracy(
    cleanPredictions(
      labels,
      Int32Array.from(predictions, ({ predicted }) => predicted),
    ),
  );
  const withstood = predictions.filter(({ sample, attacked }) => attacked === sample.label).length;
  return { clean, adversarial: rateOf(withstood, predictions.length), predictions, broken: loader.broken };
}

/** Rows [batch, C], those beyond the labels 0. */
function oneHot(labels: readonly number[], classes: number, batch: number): Tensor {
  const targets = tensor([batch, classes]);
  labels.forEach((label, row) => (targets.data[row * classes + label] = 1));
  return targets;
}
