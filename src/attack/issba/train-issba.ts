import { silentProgress, type Progress } from '../../core/progress.js';
import type { PairSource } from '../../data/pair-source.js';
import { lowerToOnnx } from '../../graph/onnx/lower.js';
import type { Runtime } from '../../runtime/session.js';
import { Random } from '../../tensor/random.js';
import { sizeOf } from '../../tensor/shape.js';
import { tensor, type Tensor } from '../../tensor/tensor.js';
import { AdamW, adamDefaults } from '../../training/adamw.js';
import { warmupCosineRate } from '../../training/warmup-cosine.js';
import { issbaGradientName, issbaTrainingGraph } from './issba-graphs.js';
import { issbaPatches } from './issba-images.js';
import { ISSBA_BITS, issbaImageShape, issbaTensors, type IssbaHalf, type IssbaWeights } from './issba-network.js';
import type { IssbaSettings } from './issba-settings.js';

export interface TrainIssbaOptions {
  readonly runtime: Runtime;
  /** Images to learn on, of any size; the more, the better. */
  readonly images: Pick<PairSource, 'count' | 'image'>;
  readonly settings: IssbaSettings;
  readonly seed: number;
  readonly onStep?: (losses: IssbaLosses) => void;
  readonly progress?: Progress;
  /** Stops between two steps. */
  readonly signal?: AbortSignal;
}

/** What a batch lost before a step. */
export interface IssbaLosses {
  /** Counted from 1. */
  readonly step: number;
  readonly loss: number;
  /** Mean cross-entropy of a bit. */
  readonly bitsLoss: number;
  /** Of the mean square of the residuals, before clipping and rounding, in dB. */
  readonly psnr: number;
}

const WARMUP_STEPS = 50;

/**
 * Trains an encoder that hides 32 bits in an image by a residual of the image's own, and a decoder that finds them
 * (after Li et al., "Invisible Backdoor Attack with Sample-Specific Triggers", 2021, which takes both from StegaStamp,
 * Tancik et al., 2020). Each image hides random bits, so that any secret will do, and reaches the decoder rounded to 8
 * bits, as noise of the same size says.
 */
export async function trainIssba(options: TrainIssbaOptions): Promise<Readonly<Record<IssbaHalf, IssbaWeights>>> {
  const { runtime, images, settings, seed, progress = silentProgress, signal } = options;
  const { steps, batchSize, learningRate, squareWeight } = settings;
  const graph = issbaTrainingGraph(batchSize, { freeSquare: 10 ** (-settings.psnr / 10), squareWeight });
  await using session = await runtime.compile(lowerToOnnx(graph, runtime.provider));
  const weights = { encoder: initialWeights('encoder', seed), decoder: initialWeights('decoder', seed) };
  const all = [...weights.encoder, ...weights.decoder];
  const schedule = { learningRate, warmupSteps: Math.min(WARMUP_STEPS, steps - 1), stepsPerEpoch: steps } as const;
  const adam = new AdamW(adamDefaults);
  const random = Random.stream(seed, 'issba/batches');
  const task = progress.begin('issba', steps, 'steps');
  for (let step = 1; step <= steps; step++) {
    signal?.throwIfAborted();
    const out = await session.run({ ...Object.fromEntries(all), ...(await drawBatch(images, batchSize, random)) });
    const rate = warmupCosineRate(step - 1, { ...schedule, epochs: 1, form: 'correct' });
    for (const [name, { data }] of all) adam.update(name, data, out[issbaGradientName(name)].data, rate, 0);
    const psnr = -10 * Math.log10(out['square'].data[0]);
    const bitsLoss = out['bits_loss'].data[0];
    options.onStep?.({ step, loss: out['loss'].data[0], bitsLoss, psnr });
    task.update(step, `bits ${bitsLoss.toFixed(4)}, ${psnr.toFixed(1)} dB`);
  }
  task.end();
  return weights;
}

function initialWeights(half: IssbaHalf, seed: number): Map<string, Tensor> {
  const draw = (name: string, length: number, deviation: number): Float32Array => {
    const random = Random.stream(seed, `issba/weights/${name}`);
    return Float32Array.from({ length }, () => deviation * random.normal());
  };
  return new Map(
    issbaTensors[half].map(({ name, shape, deviation }) => [
      name,
      { shape, data: draw(name, sizeOf(shape), deviation) },
    ]),
  );
}

/** Inputs of a step: random images, random bits, blur for half of them, noise of up to half a level as rounding has it. */
async function drawBatch(
  images: TrainIssbaOptions['images'],
  count: number,
  random: Random,
): Promise<Record<'images' | 'bits' | 'blur' | 'noise', Tensor>> {
  const size = sizeOf(issbaImageShape);
  const batch = tensor([count, ...issbaImageShape]);
  for (let i = 0; i < count; i++)
    batch.data.set(issbaPatches(await images.image(random.below(images.count))), i * size);
  const filled = (length: number, value: () => number): Float32Array => Float32Array.from({ length }, value);
  const bits = filled(count * ISSBA_BITS, () => 2 * random.below(2) - 1);
  const blur = filled(count, () => random.below(2));
  const noise = filled(count * size, () => (random.uint32() / 2 ** 32 - 0.5) / 255);
  return {
    images: batch,
    bits: tensor([count, ISSBA_BITS], bits),
    blur: tensor([count, 1, 1], blur),
    noise: tensor([count, ...issbaImageShape], noise),
  };
}
