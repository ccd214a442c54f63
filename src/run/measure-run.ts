import { canonicalDataList } from '../data/dataset.js';
import type { Dataset, Sample } from '../data/sample.js';
import { comparisonSchema, type Comparison, type Example, type Picture } from '../evaluation/comparison.js';
import { evaluateClip, type EvaluateOptions, type Evaluation } from '../evaluation/evaluate.js';
import { answerExamples, chooseExamples, type AnsweredExample, type ViewedExample } from '../evaluation/examples.js';
import type { Perturbation } from '../evaluation/perturbation/perturbation.js';
import { perturbations } from '../evaluation/perturbation/perturbations.js';
import { triggerPerturbation } from '../evaluation/perturbation/trigger-perturbation.js';
import { measureResistivity } from '../evaluation/resistivity.js';
import type { VisualPrompts } from '../inference/fold-prompts.js';
import { pngInBase64 } from '../node/encode-png.js';
import type { LoadedClip } from '../node/load-clip.js';
import { Random } from '../tensor/random.js';
import { prepareEvaluation, type EvaluateModelOptions } from './evaluate.js';
import { currentVersions, sha256OfText } from './provenance.js';

/** What of a comparison can do with fewer images than are measured. */
export interface ComparisonExtent {
  /** Images that resistivity is measured on, drawn by the seed; 64 by default. */
  readonly resistivityImages?: number;
  /** Images to show; 8 by default. */
  readonly examples?: number;
}

export interface CompareOptions extends ComparisonExtent {
  /** The model as it came. */
  readonly before: EvaluateOptions;
  /** As a defense left it: the same images, attack and batches. */
  readonly after: EvaluateOptions;
  readonly clip: Pick<LoadedClip, 'path' | 'sha256' | 'origin'>;
  /** What both read: its class names are those of the text features. */
  readonly dataset: Dataset;
  /** Of what is drawn, and of the randomness in the perturbations. */
  readonly seed: number;
}

export interface ComparedModels {
  readonly comparison: Comparison;
  /** The whole evaluations, predictions of every image included. */
  readonly before: Evaluation;
  readonly after: Evaluation;
}

/** What `measureRun` measures, on what. */
export interface MeasureRunOptions extends EvaluateModelOptions, ComparisonExtent {
  readonly prompts: VisualPrompts;
}

/**
 * Measures a model before and after it was defended, on the same images: everything that a report shows of it.
 * `RunFolder.writeEvaluation` puts it beside the run.
 * @throws InputError when the target is no class, or no image counts for a metric
 */
export async function measureRun(options: MeasureRunOptions): Promise<Comparison> {
  const { clip, dataset, seed = 0, resistivityImages = 64, examples = 8 } = options;
  const after = await prepareEvaluation(options);
  const before = { ...after, prompts: undefined };
  const compared = await compareModels({ before, after, clip, dataset, seed, resistivityImages, examples });
  return compared.comparison;
}

/** {@link measureRun} on what has been opened already. @throws InputError as it does */
export async function compareModels(options: CompareOptions): Promise<ComparedModels> {
  const { clip, dataset } = options;
  const { attack } = options.before;
  const before = await evaluateClip(options.before);
  const after = await evaluateClip(options.after);
  const measured = before.predictions.map(({ sample }) => sample); // whole images: what could be decoded once
  const { split, location } = dataset.source;
  const comparison = comparisonSchema.parse({
    format: 'rvpt-comparison-1',
    created: new Date().toISOString(),
    model: { path: clip.path, sha256: clip.sha256, origin: clip.origin },
    data: {
      path: location,
      ...(split === undefined ? {} : { split }),
      classes: dataset.classNames.length,
      images: measured.length,
      sha256: sha256OfText(canonicalDataList({ ...dataset, samples: measured })),
      origin: dataset.source.origin,
    },
    ...(attack === undefined ? {} : { attack: describeAttack(attack, dataset.classNames) }),
    before: figuresOf(before),
    after: figuresOf(after),
    resistivity: await compareResistivity(options, measured),
    examples: await compareExamples(options, measured),
    skipped: before.broken.map(({ sample }) => sample.path),
    versions: currentVersions(),
  });
  return { comparison, before, after };
}

function describeAttack(
  { trigger, target, seed }: NonNullable<EvaluateOptions['attack']>,
  classNames: readonly string[],
): object {
  return {
    trigger: { name: trigger.name, settings: trigger.settings },
    target: { index: target, name: classNames[target] },
    seed,
  };
}

function figuresOf({ clean, attacked }: Evaluation): object {
  return { clean, ...(attacked === undefined ? {} : { attacked }) };
}

/** PR under the natural perturbations with their defaults and under the trigger, undefended and defended. */
async function compareResistivity(options: CompareOptions, measured: readonly Sample[]): Promise<object> {
  const { seed, resistivityImages = 64 } = options;
  const { attack, source } = options.before;
  const natural = perturbations.map((entry) => entry.create());
  const all: Perturbation[] = attack === undefined ? natural : [...natural, triggerPerturbation(attack.trigger)];
  const samples = Random.stream(seed, 'resistivity/images').shuffled(measured).slice(0, resistivityImages);
  const common = { source: { ...source, samples }, perturbations: all, seed };
  const before = await measureResistivity({ ...options.before, ...common });
  const after = await measureResistivity({ ...options.after, ...common });
  return {
    n: before.n,
    perturbations: all.map(({ name, settings }, i) => ({
      name,
      settings,
      before: before.byPerturbation[i],
      after: after.byPerturbation[i],
    })),
  };
}

/** A few images with the answers and the attention of both models. */
async function compareExamples(options: CompareOptions, measured: readonly Sample[]): Promise<Example[]> {
  const { dataset, seed, examples = 8 } = options;
  const { attack, source } = options.before;
  const samples = chooseExamples(measured, examples, { seed, target: attack?.target });
  const shown = { source: { ...source, samples } };
  const before = await answerExamples({ ...options.before, ...shown }, dataset.classNames);
  const after = await answerExamples({ ...options.after, ...shown }, dataset.classNames);
  return Promise.all(before.map((example, i) => compareExample(example, after[i], dataset.classNames)));
}

async function compareExample(
  before: AnsweredExample,
  after: AnsweredExample,
  classNames: readonly string[],
): Promise<Example> {
  const { path, label } = before.sample;
  return {
    image: path,
    label: classNames[label],
    clean: await picture(before.clean, after.clean),
    ...(before.triggered === undefined || after.triggered === undefined
      ? {}
      : { triggered: await picture(before.triggered, after.triggered) }),
  };
}

async function picture(before: ViewedExample, after: ViewedExample): Promise<Picture> {
  return { png: await pngInBase64(before.crop), before: before.answer, after: after.answer };
}
