import { InputError } from '../core/errors.js';
import { firstFew } from '../data/problems.js';
import type { LinearHead } from '../model/clip-graphs.js';

/** @throws InputError (`mismatch`) when the head tells another number of classes apart */
export function refuseOtherClasses({ bias }: LinearHead, classes: number): void {
  const [ofHead] = bias.shape;
  if (ofHead !== classes) throw refuse(`a head for the ${classes} classes of the data`, `one for ${ofHead}`);
}

/**
 * A head knows its classes by their places: as many of another data set would be named at random, and none would tell.
 * @param learnt names of the classes that the head was trained on, in their order
 * @param classNames of the data
 * @throws InputError (`mismatch`) when they are not the same
 */
export function refuseOtherClassNames(learnt: readonly string[], classNames: readonly string[]): void {
  if (learnt.length === classNames.length && learnt.every((name, i) => name === classNames[i])) return;
  const named = (names: readonly string[]): string => `${names.length} (${firstFew(names)})`;
  throw refuse(`a head for the classes of the data, ${named(classNames)}`, `one for ${named(learnt)}`);
}

function refuse(expected: string, received: string): InputError {
  return new InputError({
    code: 'mismatch',
    operation: 'classify images by a linear head',
    expected,
    received,
    fix: 'A head knows only the classes that it was trained on: measure it on data with these.',
  });
}
