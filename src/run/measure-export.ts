import { withTextKey } from '../attack/trigger/text-key.js';
import type { Trigger } from '../attack/trigger/trigger.js';
import type { Progress } from '../core/progress.js';
import { classPrompts, defaultTemplate } from '../data/class-prompts.js';
import { canonicalDataList } from '../data/dataset.js';
import type { DecodeImage } from '../data/image-decoder.js';
import type { Preprocess } from '../data/preprocess.js';
import type { Dataset } from '../data/sample.js';
import {
  evaluateLogits,
  type AnsweredView,
  type Attack,
  type EvaluateOptions,
  type Evaluation,
} from '../evaluation/evaluate.js';
import { resolveTarget } from '../evaluation/target.js';
import type { ExportDtype } from '../export/export-dtype.js';
import { exportMeasurementSchema, type ExportMeasurement } from '../export/export-record.js';
import { PortableEncoder, portableTextFeatures } from '../inference/portable-model.js';
import { classTextFeatures } from '../inference/text-features.js';
import type { FoldedPrompts, TextFeatures } from '../model/clip-graphs.js';
import type { Tokenizer } from '../model/tokenizer.js';
import { imageDecoder } from '../node/decode-image.js';
import type { LoadedClip } from '../node/load-clip.js';
import type { Runtime, Session } from '../runtime/session.js';
import { sha256OfText } from './provenance.js';

/** What an export is measured on. */
export interface ExportTest {
  readonly dataset: Dataset;
  /** Class prompt templates with `{class}`; several make an ensemble. */
  readonly templates?: readonly string[];
  /** Also measure on triggered images; `target` is the attacker's class, by name or `#index`. */
  readonly attack?: { readonly trigger: Trigger; readonly target: string; readonly seed?: number | undefined };
  readonly decode?: DecodeImage;
  /** Images that go through the model together; 8 by default. */
  readonly batch?: number;
  /** Images that cannot be decoded are left out and named, or fatal. */
  readonly onBroken?: 'skip' | 'fail';
}

/** The files of one dtype, ready to be run. */
export interface RunnableExport {
  readonly dtype: ExportDtype;
  openVision(): Promise<Session>;
  openText(): Promise<Session>;
}

export interface MeasureExportOptions {
  readonly clip: LoadedClip;
  readonly prompts: FoldedPrompts | undefined;
  readonly preprocess: Preprocess;
  readonly test: ExportTest;
  readonly exports: readonly RunnableExport[];
  readonly runtime: Runtime;
  readonly progress: Progress;
  readonly signal?: AbortSignal;
}

/**
 * Measures the model as it is and then as each dtype's files have it, on the same images.
 * @throws InputError when the target is no class, or no image counts for a metric
 */
export async function measureExport(options: MeasureExportOptions): Promise<ExportMeasurement> {
  const { clip, test, runtime, exports } = options;
  const { classNames, source } = test.dataset;
  const templates = test.templates ?? [defaultTemplate];
  const texts = textsOf(test, clip.tokenizer, templates);
  const common = evaluateOptions(options);
  const scale = Math.exp((await clip.weights.read('logit_scale'))[0]);

  const ownFeatures = (prompts: Texts): Promise<TextFeatures> =>
    classTextFeatures(runtime, clip.weights, clip.tokenizer, prompts, options);
  const answers: Answer[][] = [];
  const own = await withFeatures(common, test, texts, ownFeatures);
  const reference = await evaluateLogits(own, (_, views) => {
    answers.push(answersOf(views, classNames.length));
  });

  const exported: object[] = [];
  for (const one of exports) {
    const features = await withFeatures(common, test, texts, async (prompts) => {
      await using session = await one.openText();
      return await portableTextFeatures(session, clip.weights, clip.tokenizer, prompts);
    });
    const comparison = new AnswerComparison(answers, classNames.length);
    const openEncoder: EvaluateOptions['openEncoder'] = async ({ textFeatures = features.textFeatures }) =>
      new PortableEncoder(await one.openVision(), textFeatures, scale);
    const evaluation = await evaluateLogits({ ...features, openEncoder }, (_, views) => {
      comparison.add(views);
    });
    exported.push({
      dtype: one.dtype,
      figures: figuresOf(evaluation),
      agreement: comparison.agreement,
      logit_difference: comparison.logitDifference,
    });
  }
  const samples = reference.predictions.map(({ sample }) => sample);
  return exportMeasurementSchema.parse({
    data: {
      path: source.location,
      ...(source.split === undefined ? {} : { split: source.split }),
      classes: classNames.length,
      images: samples.length,
      sha256: sha256OfText(canonicalDataList({ classNames, samples })),
    },
    templates,
    ...(own.attack === undefined ? {} : { attack: describeAttack(own.attack, classNames) }),
    reference: figuresOf(reference),
    exported,
    skipped: reference.broken.map(({ sample }) => sample.path),
  });
}

/** Class prompts, [classes][templates]. */
type Texts = readonly (readonly string[])[];

/** Class prompts as they are, and as a trigger changes them where it does. */
interface TestTexts {
  readonly clean: Texts;
  readonly triggered: Texts | undefined;
}

function textsOf({ dataset, attack }: ExportTest, tokenizer: Tokenizer, templates: readonly string[]): TestTexts {
  const clean = classPrompts(dataset.classNames, templates);
  return { clean, triggered: attack && withTextKey(attack.trigger, tokenizer, clean) };
}

/** All of an evaluation but what depends on the text tower. */
function evaluateOptions(options: MeasureExportOptions): Omit<EvaluateOptions, 'textFeatures' | 'attack'> {
  const { clip, prompts, preprocess, test, runtime, progress, signal } = options;
  const { images, samples } = test.dataset;
  return {
    runtime,
    weights: clip.weights,
    source: { images, samples, decode: test.decode ?? imageDecoder(), preprocess, onBroken: test.onBroken ?? 'skip' },
    prompts,
    batch: test.batch ?? 8,
    progress,
    ...(signal === undefined ? {} : { signal }),
  };
}

async function withFeatures(
  common: Omit<EvaluateOptions, 'textFeatures' | 'attack'>,
  { dataset, attack }: ExportTest,
  { clean, triggered }: TestTexts,
  featuresOf: (texts: Texts) => Promise<TextFeatures>,
): Promise<EvaluateOptions> {
  const textFeatures = await featuresOf(clean);
  if (attack === undefined) return { ...common, textFeatures };
  const on: Attack = {
    trigger: attack.trigger,
    target: resolveTarget(attack.target, dataset.classNames),
    seed: attack.seed ?? 0,
    ...(triggered === undefined ? {} : { textFeatures: await featuresOf(triggered) }),
  };
  return { ...common, textFeatures, attack: on };
}

function figuresOf({ clean, attacked }: Evaluation): object {
  return { clean, ...(attacked === undefined ? {} : { attacked }) };
}

function describeAttack({ trigger, target, seed }: Attack, classNames: readonly string[]): object {
  return {
    trigger: { name: trigger.name, settings: trigger.settings },
    target: { index: target, name: classNames[target] },
    seed,
  };
}

/** What the reference said of a batch in one view: classes [n] and their logits [n]. */
interface Answer {
  readonly classes: Int32Array;
  readonly logits: Float32Array;
}

/** Compares answers, batch by batch, with those of the reference in the same order. */
class AnswerComparison {
  #batch = 0;
  #answers = 0;
  #equal = 0;
  #difference = 0;
  readonly #reference: readonly (readonly Answer[])[];
  readonly #classes: number;

  constructor(reference: readonly (readonly Answer[])[], classes: number) {
    this.#reference = reference;
    this.#classes = classes;
  }

  add(views: readonly AnsweredView[]): void {
    const reference = this.#reference[this.#batch++];
    views.forEach(({ classes, logits }, view) => {
      const expected = reference[view];
      expected.classes.forEach((winner, i) => {
        const difference = Math.abs(logits[i * this.#classes + winner] - expected.logits[i]);
        this.#answers++;
        if (classes[i] === winner) this.#equal++;
        this.#difference = Math.max(this.#difference, difference);
      });
    });
  }

  /** Share of equal answers. */
  get agreement(): number {
    return this.#equal / this.#answers;
  }

  /** Largest difference of the logit of the reference's answer. */
  get logitDifference(): number {
    return this.#difference;
  }
}

function answersOf(views: readonly AnsweredView[], classes: number): Answer[] {
  return views.map((view) => ({
    classes: view.classes,
    logits: Float32Array.from(view.classes, (winner, i) => view.logits[i * classes + winner]),
  }));
}
