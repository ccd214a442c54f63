import { z } from 'zod';

import { loadClip, type LoadedClip } from '../src/node/load-clip.js';
import { OnnxRuntime } from '../src/node/onnx-runtime.js';
import { architectureShape, modelHelp } from './architecture-options.js';
import type { Context } from './command.js';

/** Options of every command that runs a model. */
export const modelShape = {
  model: z.string().describe(modelHelp),
  ...architectureShape,
};
export type ModelOptions = z.output<z.ZodObject<typeof modelShape>>;

/** A model and where it runs. */
export interface OpenedModel extends AsyncDisposable {
  readonly clip: LoadedClip;
  readonly runtime: OnnxRuntime;
}

/**
 * Opens the checkpoint and tells the person what was assumed about it. Dispose of it when done.
 * @throws InputError when it is not a ViT CLIP that can be trusted to be what it says
 */
export async function openModel(context: Context, options: ModelOptions): Promise<OpenedModel> {
  const { model, visionHeads, textHeads, activation } = options;
  const { progress, signal, note } = context;
  const clip = await loadClip(model, { visionHeads, textHeads, activation, progress, signal, note });
  for (const line of clip.notes) context.note(`${model}: ${line}`);
  return { clip, runtime: openRuntime(context), [Symbol.asyncDispose]: () => clip[Symbol.asyncDispose]() };
}

/** Where `--device` and `--threads` say; `auto` is the CPU. */
export function openRuntime({ device, threads }: Pick<Context, 'device' | 'threads'>): OnnxRuntime {
  return new OnnxRuntime({ device: device === 'auto' ? 'cpu' : device, ...(threads === undefined ? {} : { threads }) });
}

/** The model in a few words, for the plan that is printed before long work. */
export function describeModel({ clip, runtime }: Pick<OpenedModel, 'clip' | 'runtime'>): string {
  const { imageSize, patchSize, width, layers } = clip.weights.architecture.vision;
  const tower = `${layers} blocks of width ${width}, ${imageSize} px in patches of ${patchSize}`;
  return `${clip.path} (${clip.checkpoint.format}; ${tower}) on ${runtime.description}`;
}
