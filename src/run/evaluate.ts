import { withTextKey } from '../attack/trigger/text-key.js';
import type { Trigger } from '../attack/trigger/trigger.js';
import { silentProgress, type Progress } from '../core/progress.js';
import { classPrompts, defaultTemplate } from '../data/class-prompts.js';
import type { Dataset } from '../data/sample.js';
import type { DefendedModel } from '../defense/defense.js';
import { evaluateClip, type EvaluateOptions, type Evaluation } from '../evaluation/evaluate.js';
import { resolveTarget } from '../evaluation/target.js';
import { foldPrompts, type VisualPrompts } from '../inference/fold-prompts.js';
import { classTextFeatures } from '../inference/text-features.js';
import { imageDecoder } from '../node/decode-image.js';
import type { LoadedClip } from '../node/load-clip.js';
import { OnnxRuntime } from '../node/onnx-runtime.js';
import type { Runtime } from '../runtime/session.js';

/** What `evaluate` measures, on what. */
export interface EvaluateModelOptions {
  readonly clip: LoadedClip;
  readonly dataset: Dataset;
  /** Visual prompts of a defended model. */
  readonly prompts?: VisualPrompts;
  /** Also measure on triggered images; `target` is the attacker's class, by name or `#index`. */
  readonly attack?: { readonly trigger: Trigger; readonly target: string };
  readonly templates?: readonly string[];
  readonly seed?: number;
  /** Images that go through the model together. */
  readonly batch?: number;
  /** By default onnxruntime on the CPU. */
  readonly runtime?: Runtime;
  /** Images that cannot be decoded are left out and named in the result, or fatal. */
  readonly onBroken?: 'skip' | 'fail';
  readonly progress?: Progress;
  readonly signal?: AbortSignal;
}

/**
 * Clean accuracy of a model on labelled images and, with an attack, attack success rate and poisoned accuracy.
 * @throws InputError when the target is no class, or no image counts for a metric
 */
export async function evaluate(options: EvaluateModelOptions): Promise<Evaluation> {
  return evaluateClip(await prepareEvaluation(options));
}

/**
 * What `evaluateClip` needs of the model as a defense left it.
 * @throws InputError when the target is no class
 */
export async function prepareDefended(
  options: Omit<EvaluateModelOptions, 'prompts'>,
  model: DefendedModel,
): Promise<EvaluateOptions> {
  switch (model.kind) {
    case 'unchanged':
      return prepareEvaluation(options);
    case 'prompts':
      return prepareEvaluation({ ...options, prompts: model.prompts });
    case 'weights': // the text tower may be another too: so all features are computed with them
      return prepareEvaluation({ ...options, clip: { ...options.clip, weights: model.weights } });
    case 'head':
      return { ...(await prepareEvaluation(options)), head: model.head };
  }
}

/** What `evaluateClip` needs. @throws InputError when the target is no class, or the model cannot read the text key */
export async function prepareEvaluation(options: EvaluateModelOptions): Promise<EvaluateOptions> {
  const { clip, dataset, seed = 0, batch = 8, runtime = new OnnxRuntime(), progress = silentProgress } = options;
  const { weights, tokenizer, preprocess } = clip;
  const texts = classPrompts(dataset.classNames, options.templates ?? dataset.templates ?? [defaultTemplate]);
  const keyed = options.attack && withTextKey(options.attack.trigger, tokenizer, texts);
  const featuresOf = (prompts: readonly (readonly string[])[]): ReturnType<typeof classTextFeatures> =>
    classTextFeatures(runtime, weights, tokenizer, prompts, options);

  const textFeatures = await featuresOf(texts);
  const attack = options.attack && {
    trigger: options.attack.trigger,
    target: resolveTarget(options.attack.target, dataset.classNames),
    seed,
    ...(keyed === undefined ? {} : { textFeatures: await featuresOf(keyed) }),
  };
  return {
    runtime,
    weights,
    source: {
      images: dataset.images,
      samples: dataset.samples,
      decode: imageDecoder(),
      preprocess,
      onBroken: options.onBroken ?? 'skip',
    },
    prompts: options.prompts && (await foldPrompts(runtime, weights, options.prompts)),
    batch,
    progress,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    textFeatures,
    ...(attack === undefined ? {} : { attack }),
  };
}
