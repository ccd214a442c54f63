import { z } from 'zod';

import { InputError } from '../core/errors.js';
import { Random } from '../tensor/random.js';
import { firstFew, Problems } from './problems.js';
import { repeated } from './repeated.js';
import type { Dataset, Sample } from './sample.js';

/** How `chooseFewShot` chooses. */
export interface FewShotOptions {
  /** Images a class (K). */
  readonly shots: number;
  readonly seed: number;
  /** Also choose min(K, 4) images a class to validate on, as CoOp does; none of them is tuned on. */
  readonly validation?: boolean;
  /** What to do with a class that has too few images. */
  readonly scarce?: 'refuse' | 'take-all';
}

/** Images that were chosen. */
export interface FewShotSamples {
  readonly train: readonly Sample[];
  readonly validation: readonly Sample[];
}

const maxValidationShots = 4;

/**
 * Chooses K images of every class. The choice depends on the seed, the class's name and its paths alone: other
 * classes and the order of the list do not shift it, and a larger K keeps the images of a smaller one.
 *
 * @returns samples by class, then by path.
 * @throws InputError (`data`) that lists the classes with too few images.
 */
export function chooseFewShot(
  dataset: Pick<Dataset, 'classNames' | 'samples'>,
  options: FewShotOptions,
): FewShotSamples {
  const { shots, seed, validation = false, scarce = 'refuse' } = options;
  if (!Number.isSafeInteger(shots) || shots < 1) {
    throw new InputError({
      code: 'usage',
      operation: 'choose few-shot images',
      expected: 'one shot a class or more',
      received: String(shots),
    });
  }
  const validationShots = validation ? Math.min(shots, maxValidationShots) : 0;
  const byClass = pathsByClass(dataset);
  if (scarce === 'refuse') checkEnough(dataset.classNames, byClass, shots, validationShots);

  const train: Sample[] = [];
  const held: Sample[] = [];
  for (const [label, paths] of byClass.entries()) {
    const drawn = Random.stream(seed, `few-shot/${dataset.classNames[label]}`).shuffled([...paths].sort());
    train.push(...asSamples(drawn.slice(0, shots), label));
    held.push(...asSamples(drawn.slice(shots, shots + validationShots), label));
  }
  return { train, validation: held };
}

function pathsByClass({ classNames, samples }: Pick<Dataset, 'classNames' | 'samples'>): string[][] {
  const byClass: string[][] = classNames.map(() => []);
  for (const { path, label } of samples) byClass[label].push(path);
  return byClass;
}

function checkEnough(
  classNames: readonly string[],
  byClass: readonly (readonly string[])[],
  shots: number,
  validationShots: number,
): void {
  const counts = classNames.map((name, label) => ({ name, count: byClass[label].length }));
  const scarce = counts.filter(({ count }) => count < shots + validationShots);
  if (scarce.length === 0) return;
  const counted = scarce.map(({ name, count }) => `${name} (${count})`);
  throw new InputError({
    code: 'data',
    operation: 'choose few-shot images',
    expected: `${shots}${validationShots > 0 ? ` + ${validationShots}` : ''} images or more in every class`,
    received: `fewer in ${scarce.length} of ${classNames.length} classes: ${firstFew(counted)}`,
    fix: 'Ask for fewer shots, or allow classes to give all they have.',
  });
}

function asSamples(paths: readonly string[], label: number): Sample[] {
  return [...paths].sort().map((path) => ({ path, label }));
}

const listEntry = z.strictObject({ image: z.string().min(1), label: z.int().nonnegative() });

/** `samples.json`: a choice of images, saved so that it can be made again elsewhere. Paths as in the data set. */
export const sampleListSchema = z.strictObject({
  classes: z.array(z.string().min(1)),
  samples: z.array(listEntry).min(1),
  validation: z.array(listEntry).optional(),
});

export type SampleList = z.output<typeof sampleListSchema>;

/** What to save of a choice. */
export function toSampleList(classNames: readonly string[], { train, validation }: FewShotSamples): SampleList {
  const entries = (samples: readonly Sample[]): SampleList['samples'] =>
    samples.map(({ path, label }) => ({ image: path, label }));
  return {
    classes: [...classNames],
    samples: entries(train),
    ...(validation.length === 0 ? {} : { validation: entries(validation) }),
  };
}

/**
 * The choice that a saved list makes of `dataset`.
 *
 * @param list parsed JSON, not yet trusted; @param name what to call it in messages.
 * @throws InputError that lists what does not fit: the list's form, its classes, images the data set does not have or
 *   has under another label, images that are tuned on and validated on.
 */
export function fromSampleList(
  list: unknown,
  name: string,
  dataset: Pick<Dataset, 'classNames' | 'samples'>,
): FewShotSamples {
  const { classes, samples, validation = [] } = parseSampleList(list, name);
  const problems = new Problems();
  if (classes.length !== dataset.classNames.length || classes.some((each, i) => each !== dataset.classNames[i])) {
    problems.add(`other classes (${firstFew(classes)}) than the data set's (${firstFew(dataset.classNames)})`);
  }
  const labels = new Map(dataset.samples.map(({ path, label }) => [path, label]));
  const listed = [...samples, ...validation];
  problems.addList(
    listed.filter(({ image }) => !labels.has(image)).map(({ image }) => image),
    (few) => `images that the data set does not have: ${few}`,
  );
  problems.addList(
    listed.filter(({ image, label }) => (labels.get(image) ?? label) !== label).map(({ image }) => image),
    (few) => `other labels than the data set's for ${few}`,
  );
  problems.addList(repeated(listed.map(({ image }) => image)), (few) => `images listed more than once: ${few}`);
  problems.throwIfAny({ code: 'mismatch', operation: `use the list ${name}`, expected: 'images of this data set' });
  const toSample = ({ image, label }: { image: string; label: number }): Sample => ({ path: image, label });
  return { train: samples.map(toSample), validation: validation.map(toSample) };
}

function parseSampleList(list: unknown, name: string): SampleList {
  const parsed = sampleListSchema.safeParse(list);
  if (parsed.success) return parsed.data;
  throw new InputError({
    code: 'malformed',
    operation: `read ${name}`,
    expected: 'a list of images as a run saves it: {"classes", "samples": [{"image", "label"}]}',
    received: firstFew(
      parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`),
      '; ',
    ),
  });
}
