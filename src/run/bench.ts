import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';

import type { Progress } from '../core/progress.js';
import { ImageLoader } from '../data/loader.js';
import type { Sample } from '../data/sample.js';
import { promptMethods } from '../defense/prompt-methods.js';
import type { TrainingImages } from '../data/training-images.js';
import { FeatureExtractor } from '../defense/features.js';
import { planTuning } from '../defense/plan.js';
import { initialPrompts } from '../defense/tune-prompts.js';
import type { TuningSettings } from '../defense/tuning-settings.js';
import { TuningStep, type LabelledFeatures } from '../defense/tuning-step.js';
import { encodeViews } from '../evaluation/encode-views.js';
import { toPixelValues } from '../data/preprocess.js';
import { matMulFlop } from '../graph/flop.js';
import { foldPrompts } from '../inference/fold-prompts.js';
import type { ClipArchitecture } from '../model/architecture.js';
import { imageGraph, type FoldedPrompts } from '../model/clip-graphs.js';
import { randomWeights } from '../model/weights.js';
import { imageDecoder } from '../node/decode-image.js';
import { DiskFolder } from '../node/files.js';
import { loadClip, type LoadedClip } from '../node/load-clip.js';
import type { Runtime } from '../runtime/session.js';
import { Random } from '../tensor/random.js';
import { MatMulProbe, secondsOf, spread, uniformTensor, type Spread } from './bench-probe.js';
import { writeCheckpoint } from './write-checkpoint.js';

export interface BenchOptions {
  readonly architecture: ClipArchitecture;
  readonly runtime: Runtime;
  readonly settings: TuningSettings;
  readonly classes: number;
  /** Rounds of each measurement; medians are reported. */
  readonly rounds: number;
  /** Tuning steps a round. */
  readonly stepsPerRound: number;
  /** Images that are decoded and classified a round. */
  readonly inferenceImages: number;
  readonly inferenceBatch: number;
  readonly seed: number;
  readonly progress: Progress;
  readonly signal?: AbortSignal;
}

export interface BenchResult {
  /** A bare 1600×768 by 768×3072 product on the same runtime, in between the others: GFLOP/s. */
  readonly matmulGflops: number;
  readonly loadSeconds: number;
  readonly tuning: {
    readonly imagesPerSecond: number;
    readonly gflopPerImage: number;
    readonly gflops: number;
    /** Of this process up to the end of tuning. */
    readonly peakRssBytes: number;
    /** Rate over the MatMul rate, round by round: median, least, most. */
    readonly share: Spread;
    readonly part: number;
    readonly lanes: number;
  };
  readonly inference: {
    readonly imagesPerSecond: number;
    readonly defendedImagesPerSecond: number;
    readonly gflopPerImage: number;
    readonly gflops: number;
    readonly share: Spread;
    /** Time of the defended over the undefended model, round by round, minus 1. */
    readonly overhead: Spread;
  };
}

/** JPEGs of smooth noise, 300 by 200 pixels: about what a photo of Caltech 101 is. */
async function writeImages(folder: string, count: number, seed: number): Promise<Sample[]> {
  await mkdir(folder);
  const samples: Sample[] = [];
  for (let i = 0; i < count; i++) {
    const random = Random.stream(seed, `image/${i}`);
    const small = Buffer.from(Uint8Array.from({ length: 30 * 20 * 3 }, () => random.below(256)));
    const image = sharp(small, { raw: { width: 30, height: 20, channels: 3 } }).resize(300, 200);
    await image.jpeg({ quality: 90 }).toFile(path.join(folder, `${i}.jpg`));
    samples.push({ path: `${i}.jpg`, label: 0 });
  }
  return samples;
}

/** Tells when a task began and ended. */
function timedProgress(): { readonly progress: Progress; readonly seconds: () => number } {
  let [began, ended] = [0, 0];
  return {
    seconds: () => (ended - began) / 1000,
    progress: {
      begin: () => {
        began = performance.now();
        return { update: () => undefined, end: () => (ended = performance.now()) };
      },
    },
  };
}

/**
 * Measures the tuning step and inference of an architecture with random weights, in a temporary folder: a checkpoint
 * is written and loaded, images are written and decoded, and everything runs as `defend` and `evaluate` run it.
 * Measurements alternate with a bare MatMul, so that a machine that slows down slows both.
 */
export async function bench(options: BenchOptions): Promise<BenchResult> {
  const folder = await mkdtemp(path.join(tmpdir(), 'rvpt-bench-'));
  try {
    await writeCheckpoint(folder, randomWeights(options.architecture, options.seed));
    const imageCount = Math.max(options.settings.batchSize, options.inferenceImages);
    const samples = await writeImages(path.join(folder, 'images'), imageCount, options.seed);
    const started = performance.now();
    await using clip = await loadClip(folder);
    const loadSeconds = (performance.now() - started) / 1000;
    await using probe = await MatMulProbe.create(options.runtime, options.seed);
    const matmul: number[] = [];
    const rate = async (): Promise<number> => {
      options.signal?.throwIfAborted();
      const gflops = await probe.gflops();
      matmul.push(gflops);
      return gflops;
    };
    const images = { folder: new DiskFolder(path.join(folder, 'images')), samples };
    const tuning = await benchTuning(options, clip, images, rate);
    const inference = await benchInference(options, clip, images, rate);
    return { matmulGflops: spread(matmul).median, loadSeconds, tuning, inference };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface BenchImages {
  readonly folder: DiskFolder;
  readonly samples: readonly Sample[];
}

async function benchTuning(
  options: BenchOptions,
  clip: LoadedClip,
  { folder, samples }: BenchImages,
  matmulRate: () => Promise<number>,
): Promise<BenchResult['tuning']> {
  const { runtime, settings, classes, seed, rounds, stepsPerRound } = options;
  const { weights, preprocess } = clip;
  const { batchSize, depth, tokens } = settings;
  const plan = planTuning(weights, 'rvpt', settings, batchSize, classes, runtime.lanes);
  const images: TrainingImages = {
    labels: samples.map((_, i) => i % classes),
    load: (order, _view, batch) =>
      new ImageLoader({
        images: folder,
        samples: order.map((index) => samples[index]),
        decode: imageDecoder(),
        preprocess,
      }).batches(batch),
  };
  const batch: LabelledFeatures[] = [];
  {
    await using extractor = await FeatureExtractor.create(runtime, weights, depth, plan.part);
    const order = Array.from({ length: batchSize }, (_, i) => i);
    for await (const { image, row } of extractor.rows(images, order, 0))
      batch.push({ row, label: images.labels[image] });
  }
  const features = uniformTensor(Random.stream(seed, 'text features'), [classes, weights.architecture.embedDim]);
  const objective = promptMethods.rvpt.objective(settings);
  await using step = await TuningStep.create(runtime, weights, { depth, tokens }, objective, features, plan.part);
  const prompts = initialPrompts(weights.architecture, settings, seed);
  await step.run(batch, prompts);

  const [perSecond, shares]: [number[], number[]] = [[], []];
  const task = options.progress.begin('tuning', rounds, 'rounds');
  for (let round = 0; round < rounds; round++) {
    const before = await matmulRate();
    const seconds = await secondsOf(async () => {
      for (let i = 0; i < stepsPerRound; i++) await step.run(batch, prompts);
    });
    const after = await matmulRate();
    const images = (stepsPerRound * batchSize) / seconds;
    perSecond.push(images);
    shares.push((images * plan.stepFlop) / 1e9 / ((before + after) / 2));
    task.update(round + 1, `${images.toFixed(2)} images/s`);
  }
  task.end();
  const imagesPerSecond = spread(perSecond).median;
  return {
    imagesPerSecond,
    gflopPerImage: plan.stepFlop / 1e9,
    gflops: (imagesPerSecond * plan.stepFlop) / 1e9,
    peakRssBytes: process.resourceUsage().maxRSS * 1024,
    share: spread(shares),
    part: plan.part,
    lanes: plan.lanes,
  };
}

async function benchInference(
  options: BenchOptions,
  { weights, preprocess }: LoadedClip,
  { folder, samples }: BenchImages,
  matmulRate: () => Promise<number>,
): Promise<BenchResult['inference']> {
  const { runtime, settings, seed, rounds, inferenceBatch, inferenceImages } = options;
  const folded = await foldPrompts(runtime, weights, initialPrompts(weights.architecture, settings, seed));
  const source = { images: folder, samples: samples.slice(0, inferenceImages), decode: imageDecoder(), preprocess };
  const pass = async (prompts: FoldedPrompts | undefined): Promise<number> => {
    const { progress, seconds } = timedProgress();
    const measured = { runtime, weights, source, prompts, batch: inferenceBatch, progress };
    await encodeViews(measured, [(image, out) => toPixelValues(image.crop, preprocess, out)], {}, () => undefined);
    return seconds();
  };
  const flop = matMulFlop(Object.values(imageGraph(weights, { batch: inferenceBatch }))) / inferenceBatch;

  const [plain, defended, shares, overheads]: [number[], number[], number[], number[]] = [[], [], [], []];
  const task = options.progress.begin('inference', rounds, 'rounds');
  for (let round = 0; round < rounds; round++) {
    const before = await matmulRate();
    const seconds = await pass(undefined);
    const after = await matmulRate();
    const secondsDefended = await pass(folded);
    plain.push(inferenceImages / seconds);
    defended.push(inferenceImages / secondsDefended);
    shares.push(((inferenceImages / seconds) * flop) / 1e9 / ((before + after) / 2));
    overheads.push(secondsDefended / seconds - 1);
    task.update(round + 1, `${(inferenceImages / seconds).toFixed(2)} images/s`);
  }
  task.end();
  const imagesPerSecond = spread(plain).median;
  return {
    imagesPerSecond,
    defendedImagesPerSecond: spread(defended).median,
    gflopPerImage: flop / 1e9,
    gflops: (imagesPerSecond * flop) / 1e9,
    share: spread(shares),
    overhead: spread(overheads),
  };
}
