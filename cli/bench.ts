import { availableParallelism, cpus } from 'node:os';
import path from 'node:path';
import { z } from 'zod';

import { readConfig } from '../src/checkpoint/config-file.js';
import { InputError } from '../src/core/errors.js';
import { givenTuningSchema, tuningSettings } from '../src/defense/tuning-settings.js';
import { namedArchitectures, type ClipArchitecture } from '../src/model/architecture.js';
import { configuredArchitecture } from '../src/model/configured-architecture.js';
import { DiskFolder } from '../src/node/files.js';
import { bench as runBench, type BenchResult } from '../src/run/bench.js';
import type { Spread } from '../src/run/bench-probe.js';
import { currentVersions } from '../src/run/provenance.js';
import { defineCommand } from './command.js';
import { openRuntime } from './model-options.js';
import type { Format } from './output.js';

const names = Object.keys(namedArchitectures).join(', ');
const { depth, tokens, batchSize } = givenTuningSchema.shape;

export const bench = defineCommand({
  name: 'bench',
  summary: 'measure the tuning step and inference on this machine, with random weights',
  options: z.object({
    architecture: z.string().default('vit-b-32').describe(`${names}, or a model folder with a config.json`),
    depth,
    tokens,
    batchSize,
    classes: z.int().min(2).default(37).describe('classes that are told apart'),
    rounds: z.int().positive().default(5).describe('rounds of each measurement; medians are printed'),
    stepsPerRound: z.int().positive().default(3).describe('tuning steps a round'),
    images: z.int().positive().default(192).describe('images decoded and encoded a round of inference'),
    inferenceBatch: z.int().positive().default(8).describe('images that go through the model together'),
  }),
  examples: [
    { description: 'ViT-B/32 as the paper tunes it', command: 'bench' },
    { description: 'a larger model, for a script', command: 'bench --architecture vit-b-16 --rounds 3 --json' },
    { description: 'on the GPU', command: 'bench --device webgpu' },
  ],
  async run(context, options) {
    const runtime = openRuntime(context);
    const result = await runBench({
      architecture: await architectureOf(options.architecture),
      runtime,
      settings: tuningSettings({ depth: options.depth, tokens: options.tokens, batchSize: options.batchSize }),
      classes: options.classes,
      rounds: options.rounds,
      stepsPerRound: options.stepsPerRound,
      inferenceImages: options.images,
      inferenceBatch: Math.min(options.inferenceBatch, options.images),
      seed: context.seed,
      progress: context.progress,
      signal: context.signal,
    });
    const machine = `${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} cores`;
    return {
      data: { ...report(result), machine, runtime: runtime.description, versions: { ...currentVersions() } },
      text: (format) => describe(result, `${machine}; ${runtime.description}`, format),
    };
  },
});

async function architectureOf(name: string): Promise<ClipArchitecture> {
  const named = Object.entries(namedArchitectures).find(([known]) => known === name);
  if (named !== undefined) return named[1];
  const folder = new DiskFolder(path.basename(name) === 'config.json' ? path.dirname(name) : name);
  if (!(await folder.has('config.json'))) {
    throw new InputError({
      code: 'usage',
      operation: 'choose the architecture to measure',
      expected: `${names}, or a model folder with a config.json`,
      received: JSON.stringify(name),
    });
  }
  const { config } = await readConfig(folder, 'huggingface');
  if (config !== undefined) return configuredArchitecture(config);
  throw new InputError({
    code: 'unsupported',
    operation: `read an architecture from ${folder.name}`,
    expected: 'the config.json of a CLIP',
    received: 'another one',
  });
}

function report({ matmulGflops, loadSeconds, tuning, inference }: BenchResult) {
  return {
    matmul_gflops: matmulGflops,
    load_seconds: loadSeconds,
    tuning: {
      images_per_s: tuning.imagesPerSecond,
      gflop_per_image: tuning.gflopPerImage,
      gflops: tuning.gflops,
      share_of_matmul: { ...tuning.share },
      peak_rss_bytes: tuning.peakRssBytes,
      images_a_part: tuning.part,
      lanes: tuning.lanes,
    },
    inference: {
      images_per_s: inference.imagesPerSecond,
      defended_images_per_s: inference.defendedImagesPerSecond,
      gflop_per_image: inference.gflopPerImage,
      gflops: inference.gflops,
      share_of_matmul: { ...inference.share },
      overhead: { ...inference.overhead },
    },
  };
}

function describe({ matmulGflops, loadSeconds, tuning, inference }: BenchResult, machine: string, format: Format) {
  const percent = ({ median, min, max }: Spread): string =>
    `${(100 * median).toFixed(1)} % (${(100 * min).toFixed(1)} … ${(100 * max).toFixed(1)})`;
  return [
    machine,
    format.table(
      ['', 'images/s', 'GFLOP an image', 'GFLOP/s', 'share of MatMul'],
      [
        ['bare MatMul', '', '', matmulGflops.toFixed(1), ''],
        [
          'tuning step',
          tuning.imagesPerSecond.toFixed(2),
          tuning.gflopPerImage.toFixed(2),
          tuning.gflops.toFixed(1),
          percent(tuning.share),
        ],
        [
          'inference',
          inference.imagesPerSecond.toFixed(2),
          inference.gflopPerImage.toFixed(2),
          inference.gflops.toFixed(1),
          percent(inference.share),
        ],
        ['inference, defended', inference.defendedImagesPerSecond.toFixed(2), '', '', ''],
      ],
    ),
    `a defended model takes ${percent(inference.overhead)} more time`,
    `tuning ran ${tuning.lanes} parts of ${tuning.part} images side by side, peak memory ${(tuning.peakRssBytes / 1e9).toFixed(2)} GB`,
    `the checkpoint opened in ${loadSeconds.toFixed(1)} s`,
  ].join('\n');
}
