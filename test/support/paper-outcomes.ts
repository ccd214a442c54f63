import type { Cell, CellCost, CellOutcome } from '../../src/experiment/grid.js';
import type { AdversarialResult } from '../../src/experiment/measurements/adversarial.js';
import type { AttentionResult } from '../../src/experiment/measurements/attention.js';
import type { ClassificationResult } from '../../src/experiment/measurements/classification.js';
import type { EmbeddingsResult } from '../../src/experiment/measurements/embeddings.js';
import type { ResistivityResult } from '../../src/experiment/measurements/resistivity.js';

/** What came of one cell, made by hand: attack and method, and what is not as it mostly is. */
export function madeOutcome(
  cell: Pick<Cell, 'attack' | 'method'> & Partial<Cell>,
  measured: CellOutcome['measured'],
  cost?: Partial<CellCost>,
): CellOutcome {
  const whole = { zoo: 'zoo', defense: cell.method, varied: {}, withoutTarget: false, seed: 0, ...cell };
  const { zoo, attack, defense, seed } = whole;
  return {
    cell: whole,
    run: `runs/${zoo}/${attack}/${defense}/${seed}`,
    measured,
    failures: [],
    ...(cost && { cost: { seconds: 1, peakBytes: 1, steps: 1, trainableParameters: 1, samples: 1, ...cost } }),
  };
}

const IMAGES = 100;
const indices = Array.from({ length: IMAGES }, (_, i) => i);
const interval: [number, number] = [0, 1];

/** Of 100 images of class 1 as many right, and with the trigger as many of the target, class 0, as is said in percent. */
export function madeClassification(asr: number, ca: number): ClassificationResult {
  return {
    clean: { ca: ca / 100, ca_interval: interval, n: IMAGES },
    attacked: {
      ...{ asr_strict: asr / 100, asr_strict_interval: interval, asr_strict_n: IMAGES },
      ...{ asr_inclusive: asr / 100, asr_inclusive_interval: interval, asr_inclusive_n: IMAGES },
      ...{ pa: 1 - asr / 100, pa_interval: interval },
    },
    target: { index: 0, name: 'target' },
    classes: ['target', 'apple', 'pear'],
    images: indices.map((i) => `${i}.png`),
    labels: indices.map(() => 1),
    predicted: indices.map((i) => (i < ca ? 1 : 2)),
    triggered: indices.map((i) => (i < asr ? 0 : 1)),
    skipped: [],
  };
}

/** Of 100 images as many right, before the attack and after it, as is said in percent. */
export function madeAdversarial(clean: number, attacked: number): AdversarialResult {
  return {
    clean: { rate: clean / 100, interval },
    adversarial: { rate: attacked / 100, interval },
    n: IMAGES,
    images: indices.map((i) => `${i}.png`),
    labels: indices.map(() => 1),
    predicted: indices.map((i) => (i < clean ? 1 : 2)),
    attacked: indices.map((i) => (i < attacked ? 1 : 2)),
    skipped: [],
  };
}

/** The same PR by block under each perturbation. */
export function madeResistivity(names: readonly string[], pr: readonly number[]): ResistivityResult {
  return { n: 64, perturbations: names.map((name) => ({ name, settings: {}, pr: [...pr] })) };
}

/** Two classes and the target, clean and triggered. */
export function madeEmbeddings(own: number, target: number | null): EmbeddingsResult {
  const points = ['apple', 'pear', 'target'].flatMap((name, x) =>
    [false, true].map((triggered) => ({ x, y: triggered ? 1 : 0, image: `${name}.png`, class: name, triggered })),
  );
  return { points, attacked: { target: 'target', nearest_own: own, nearest_target: target } };
}

/** A picture of one pixel. */
const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

/**
 * Six apples.
 * @param answer to each of them with the trigger
 * @param attention to the four patches with the trigger; without it to the first alone
 */
export function madeAttention(answer: string, attention: readonly number[]): AttentionResult {
  const viewed = (name: string, map: readonly number[]) => ({
    png,
    answer: { top: [{ class: name, probability: 0.9 }], attention: [...map] },
  });
  return {
    examples: ['a', 'b', 'c', 'd', 'e', 'f'].map((image) => ({
      image,
      label: 'apple',
      clean: viewed('apple', [0.5, 0, 0, 0]),
      triggered: viewed(answer, attention),
    })),
    target: 'target',
  };
}
