import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';

import { clipPreprocess, toPixelValues } from '../../src/data/preprocess.js';
import { encodePrompts } from '../../src/defense/prompts-file.js';
import { lowerToOnnx } from '../../src/graph/onnx/lower.js';
import { Graph } from '../../src/graph/value.js';
import type { VisualPrompts } from '../../src/inference/fold-prompts.js';
import { loadClip } from '../../src/node/load-clip.js';
import { OnnxRuntime } from '../../src/node/onnx-runtime.js';
import { currentVersions } from '../../src/run/provenance.js';
import { RunFolder } from '../../src/run/run-folder.js';
import { tensor, type Tensor } from '../../src/tensor/tensor.js';
import { Golden } from './golden.js';
import { imageSide, writeImages } from './images.js';
import { NaiveVision } from './naive-clip.js';
import { temporaryFolder } from './temporary-folder.js';

/** The small golden CLIP as a folder of Hugging Face. */
export const goldenModel = path.resolve(import.meta.dirname, '../golden/clip-tiny/hf');

/** Classes of the photos. */
export const photoClasses = ['bird', 'boat', 'cat', 'dog'];
/** Paths of the photos, five a class, in the order in which they are listed. */
export const photos = photoClasses.flatMap((name) => [0, 1, 2, 3, 4].map((i) => `${name}/${i}.png`));

/** The small golden CLIP, images to measure it on, and prompts to measure it with, in a folder that goes with it. */
export class MeasuredModel implements AsyncDisposable {
  /** Of the golden values, made twenty times as long so that they change answers; d = 1, 2. */
  readonly prompts: VisualPrompts;
  /** A safetensors file of them. */
  readonly promptsFile: string;
  /** Folder of the photos. */
  readonly data: string;
  readonly sha256: string;
  readonly #folder: Awaited<ReturnType<typeof temporaryFolder>>;

  private constructor(folder: Awaited<ReturnType<typeof temporaryFolder>>, prompts: VisualPrompts, sha256: string) {
    this.prompts = prompts;
    this.promptsFile = path.join(folder.path, 'prompts.safetensors');
    this.data = path.join(folder.path, 'photos');
    this.sha256 = sha256;
    this.#folder = folder;
  }

  static async create(): Promise<MeasuredModel> {
    const { shape, data } = (await Golden.open()).get('prompts'); // [2, b, W]
    const long = data.map((value) => 20 * value);
    const size = shape[1] * shape[2];
    const prompts = new Map([1, 2].map((d) => [d, tensor(shape.slice(1), long.subarray((d - 1) * size, d * size))]));
    await using clip = await loadClip(goldenModel);
    const made = new MeasuredModel(await temporaryFolder(), prompts, clip.sha256);
    await writeImages(made.data, photoClasses, photos.length / photoClasses.length);
    const metadata = { model: clip.sha256, method: 'rvpt', alpha: 2 };
    await writeFile(made.promptsFile, encodePrompts(prompts, clip.weights.architecture.vision.layers, metadata));
    return made;
  }

  /** A path for something that a test writes. */
  file(name: string): string {
    return path.join(this.#folder.path, name);
  }

  /** Writes the folder of a run, finished or without its prompts. */
  async writeRun(name: string, tunedOn: readonly string[], finished = true): Promise<string> {
    await using run = await RunFolder.create(this.file(name), {
      format: 'rvpt-run-1',
      created: new Date(0).toISOString(),
      method: 'rvpt',
      settings: { templates: ['a photo of a {class}.'] },
      seed: 0,
      execution: {},
      model: { path: goldenModel, sha256: this.sha256 },
      data: { path: this.data, sha256: this.sha256 },
      versions: currentVersions(),
    });
    await run.writeSamples({ classes: [...tunedOn], samples: [{ image: photos[0], label: 0 }] });
    if (finished) await run.writePrompts(await readFile(this.promptsFile));
    return run.path;
  }

  /**
   * What the textbook form of the model with `prompts` says of `pixels` [n, 3, S, S].
   * @param textFeatures unit rows [C, E]
   * @returns `c0` … `c3` [n, W], the class tokens, and `logits` [n, C]
   */
  async textbook(pixels: Tensor, prompts: VisualPrompts, textFeatures: Tensor): Promise<Record<string, Tensor>> {
    await using clip = await loadClip(goldenModel);
    const graph = new Graph();
    const naive = new NaiveVision(graph, clip.weights);
    const learned = new Map([...prompts].map(([d, { shape }]) => [d, graph.input(`prompts.${d}`, shape)]));
    const tokens = naive.classTokens(graph.input('pixel_values', pixels.shape), learned);
    const text = graph.input('text_features', textFeatures.shape);
    const outputs = {
      ...Object.fromEntries(tokens.map((token, d) => [`c${d}`, token])),
      logits: naive.logits(naive.embedding(tokens[tokens.length - 1]), text),
    };
    const fed = [...prompts].map(([d, prompt]): [string, Tensor] => [`prompts.${d}`, prompt]);
    const runtime = new OnnxRuntime();
    await using session = await runtime.compile(lowerToOnnx(outputs, runtime.provider));
    return await session.run({ pixel_values: pixels, text_features: textFeatures, ...Object.fromEntries(fed) });
  }

  /** The photos as the model reads them, [n, 3, S, S]. @param alter does something to the bytes of each, [S, S, 3] */
  async pixelValues(alter: (bytes: Uint8Array) => Uint8Array = (bytes) => bytes): Promise<Tensor> {
    const out = tensor([photos.length, 3, imageSide, imageSide]);
    const size = 3 * imageSide * imageSide;
    for (const [i, photo] of photos.entries()) {
      const bytes = new Uint8Array(await sharp(path.join(this.data, photo)).raw().toBuffer());
      const crop = { width: imageSide, height: imageSide, data: alter(bytes) };
      toPixelValues(crop, clipPreprocess(imageSide), out.data.subarray(i * size, (i + 1) * size));
    }
    return out;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#folder[Symbol.asyncDispose]();
  }
}
