import type { Dataset } from '../../data/sample.js';
import { resolveTarget } from '../../evaluation/target.js';

/**
 * The data with the target among the candidate classes: an attack can succeed on images of a data set that has no such
 * class. Of a target by index the data have to have it.
 */
export function withTarget(dataset: Dataset, target: string): Dataset {
  if (!lacksTarget(dataset.classNames, target)) return dataset;
  return { ...dataset, classNames: [...dataset.classNames, target] };
}

/** Whether none of the classes is the target, however it is written; one by index counts as there. */
export function lacksTarget(classNames: readonly string[], target: string): boolean {
  const plain = (name: string): string => name.toLowerCase().replaceAll(/[_\-\s]+/g, ' ');
  return !/^#\d+$/.test(target) && !classNames.some((name) => plain(name) === plain(target));
}

/** The attackers' class. */
export interface Target {
  /** Label of its images; where the data have no such class, that of none. */
  readonly label: number;
  readonly name: string;
}

/** @throws InputError (`data`) for a target by index that the data lack */
export function targetOf(dataset: Dataset, target: string): Target {
  const { classNames } = withTarget(dataset, target);
  const label = resolveTarget(target, classNames);
  return { label, name: classNames[label] };
}
