import { silentProgress, type Progress } from '../../core/progress.js';
import { lowerToOnnx } from '../../graph/onnx/lower.js';
import type { Feeds, Runtime, Session } from '../../runtime/session.js';
import { tensor, type Tensor } from '../../tensor/tensor.js';
import { adamDefaults } from '../adamw.js';
import { epochOrder } from '../epoch-order.js';
import { WeightTrainer } from '../weight-trainer.js';
import { warmupCosineRate } from '../warmup-cosine.js';
import {
  captionerStepGraph,
  initialCaptioner,
  nextWordGraph,
  type CaptionerShape,
  type CaptionerTensors,
} from './captioner-graph.js';
import type { CaptionVocabulary } from './vocabulary.js';
import { END_OF_CAPTION } from './vocabulary.js';

export interface CaptionerTraining {
  readonly steps: number;
  readonly batch: number;
  readonly learningRate: number;
  readonly warmupSteps: number;
  readonly weightDecay: number;
  /** Places of the prefix. */
  readonly prefix: number;
  readonly width: number;
  readonly layers: number;
}

/** What a captioner learns from. */
export interface CaptionedFeatures {
  /** Unit image embeddings, [n, E]. */
  readonly features: Tensor;
  /** One an image. */
  readonly captions: readonly string[];
}

/** A captioner that has learnt. */
export interface Captioner {
  readonly shape: CaptionerShape;
  readonly vocabulary: CaptionVocabulary;
  readonly tensors: CaptionerTensors;
}

/** The shape of a captioner that is trained on these captions: no longer than the longest of them. */
export function captionerShape(
  captions: readonly string[],
  embedDim: number,
  vocabulary: CaptionVocabulary,
  { prefix, width, layers }: CaptionerTraining,
): CaptionerShape {
  const longest = captions.reduce((most, caption) => Math.max(most, vocabulary.encode(caption).length), 0);
  return { embedDim, vocabularySize: vocabulary.size, tokens: longest + 1, prefix, width, layers };
}

/**
 * Trains a captioner by AdamW on the words that come next, the true ones before them given. The model that the features
 * come from stays as it is.
 * @throws InputError (`data`) for captions with words that the vocabulary lacks
 * @throws RangeError when there are fewer examples than a batch
 */
export async function trainCaptioner(
  runtime: Runtime,
  examples: CaptionedFeatures,
  vocabulary: CaptionVocabulary,
  training: CaptionerTraining,
  options: { readonly seed: number; readonly progress?: Progress; readonly signal?: AbortSignal | undefined },
): Promise<Captioner> {
  const { seed, progress = silentProgress, signal } = options;
  const { steps, batch, learningRate, warmupSteps, weightDecay } = training;
  const { captions, features } = examples;
  if (captions.length < batch) throw new RangeError(`captioner: ${captions.length} examples, ${batch} in a batch`);
  const shape = captionerShape(captions, features.shape[1], vocabulary, training);
  const encoded = captions.map((caption) => vocabulary.encode(caption));
  const tensors = await initialCaptioner(shape, seed);
  const settings = { ...adamDefaults, weightDecay, decay: 'matrices', clipNorm: 1 } as const;
  await using trainer = new WeightTrainer(runtime, tensors, settings);
  const program = { key: 'step', build: () => captionerStepGraph(shape, batch) };

  const stepsPerEpoch = Math.floor(captions.length / batch);
  const schedule = { learningRate, warmupSteps, stepsPerEpoch: steps, epochs: 1, form: 'correct' } as const;
  const task = progress.begin('training a captioner', steps, 'steps');
  let order: number[] = [];
  let recent = NaN; // decaying mean of the loss
  for (let step = 0; step < steps; step++) {
    signal?.throwIfAborted();
    const at = step % stepsPerEpoch;
    if (at === 0) order = epochOrder(captions.length, step / stepsPerEpoch, seed);
    const chosen = order.slice(at * batch, (at + 1) * batch);
    const feeds = {
      features: rowsOf(features, chosen),
      ...captionFeeds(
        shape,
        chosen.map((index) => encoded[index]),
      ),
    };
    const { loss } = await trainer.step(program, feeds, warmupCosineRate(step, schedule));
    recent = Number.isNaN(recent) ? loss : 0.98 * recent + 0.02 * loss;
    task.update(step + 1, `loss ${recent.toFixed(2)}`);
  }
  task.end();
  return { shape, vocabulary, tensors };
}

/** The words of captions as `captionerStepGraph` reads and scores them. @param captions each of at most T − 1 words */
export function captionFeeds(
  { tokens, vocabularySize }: Pick<CaptionerShape, 'tokens' | 'vocabularySize'>,
  captions: readonly (readonly number[])[],
): Feeds {
  const batch = captions.length;
  const ids = new BigInt64Array(batch * (tokens - 1)); // behind a caption's words what stands does not matter
  const targets = tensor([batch * tokens, vocabularySize]);
  const weights = tensor([batch * tokens]);
  const total = captions.reduce((sum, words) => sum + words.length + 1, 0);
  captions.forEach((words, row) => {
    ids.set(words.map(BigInt), row * (tokens - 1));
    [...words, END_OF_CAPTION].forEach((word, place) => {
      targets.data[(row * tokens + place) * vocabularySize + word] = 1;
      weights.data[row * tokens + place] = 1 / total;
    });
  });
  return { input_ids: { shape: [batch, tokens - 1], data: ids }, targets, target_weights: weights };
}

/** Captions go through the decoder together. */
const CAPTIONS_AT_ONCE = 64;

/**
 * Captions of images, word by word the likeliest, until the end or as long as the longest that was learnt from.
 * @param features unit image embeddings, [n, E]
 * @returns words of each
 */
export async function captionImages(
  runtime: Runtime,
  { shape, vocabulary, tensors }: Captioner,
  features: Tensor,
  signal?: AbortSignal,
): Promise<string[][]> {
  const [count] = features.shape;
  const batch = Math.min(CAPTIONS_AT_ONCE, count);
  const captions: string[][] = [];
  if (count === 0) return captions;
  await using session = await runtime.compile(lowerToOnnx(nextWordGraph(shape, tensors, batch), runtime.provider));
  for (let start = 0; start < count; start += batch) {
    signal?.throwIfAborted();
    // the last batch is filled up with the last image
    const rows = Array.from({ length: batch }, (_, i) => Math.min(start + i, count - 1));
    const numbers = await likeliestWords(session, shape, rowsOf(features, rows));
    captions.push(...numbers.slice(0, count - start).map((words) => vocabulary.decode(words)));
  }
  return captions;
}

async function likeliestWords(
  session: Session,
  { tokens, vocabularySize }: CaptionerShape,
  features: Tensor,
): Promise<number[][]> {
  const [batch] = features.shape;
  const captions: number[][] = Array.from({ length: batch }, () => []);
  const ids = { shape: [batch, tokens - 1], data: new BigInt64Array(batch * (tokens - 1)) };
  for (let at = 0; at < tokens; at++) {
    const place = tensor([batch, 1, tokens]);
    for (let row = 0; row < batch; row++) place.data[row * tokens + at] = 1;
    const { logits } = await session.run({ features, input_ids: ids, place });
    captions.forEach((words, row) => {
      const scores = logits.data.subarray(row * vocabularySize, (row + 1) * vocabularySize);
      const word = scores.reduce((best, score, number) => (score > scores[best] ? number : best), 0);
      words.push(word);
      if (at < tokens - 1) ids.data[row * (tokens - 1) + at] = BigInt(word);
    });
    if (captions.every((words) => words.includes(END_OF_CAPTION))) break;
  }
  return captions;
}

/** Some rows of a matrix. */
function rowsOf({ shape: [, width], data }: Tensor, rows: readonly number[]): Tensor {
  const out = tensor([rows.length, width]);
  rows.forEach((row, i) => {
    out.data.set(data.subarray(row * width, (row + 1) * width), i * width);
  });
  return out;
}
