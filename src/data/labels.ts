import { InputError } from '../core/errors.js';
import { keyedNames } from './class-names.js';
import { classNameOf } from './layout.js';
import { firstFew, Problems } from './problems.js';

/** What labels come to. */
export interface ResolvedLabels {
  readonly classNames: readonly string[];
  /** Index of the class, for each label; beyond the classes where an index is. */
  readonly labels: readonly number[];
}

/**
 * Classes and indices of labels as texts: class names, or indices where the class-names file does not have them as names, or keys of a class-names
 * file with `key,name` lines.
 * @param lines of the class-names file; @param name what to call the data set in messages
 * @throws InputError that lists the labels that fit no class; that indices have no names
 */
export function resolveLabels(
  texts: readonly string[],
  lines: readonly string[] | undefined,
  name: string,
): ResolvedLabels {
  const given = [...new Set(texts)].sort();
  const numeric = given.every((text) => /^\d+$/.test(text));
  if (lines === undefined) {
    if (!numeric) return { classNames: given.map(classNameOf), labels: positions(texts, given) };
    throw new InputError({
      code: 'data',
      operation: `read data set ${name}`,
      expected: 'class names as labels, or a class-names file for their indices',
      received: 'indices and no such file',
      fix: 'Give --class-names FILE, one name a line in the order of the indices.',
    });
  }
  const names = lines.map(classNameOf);
  const known = new Set(names);
  if (given.every((text) => known.has(classNameOf(text)))) {
    return { classNames: names, labels: positions(texts.map(classNameOf), names) };
  }
  if (numeric) return { classNames: names, labels: texts.map(Number) };

  const keyed = keyedNames(lines);
  const problems = new Problems();
  const unknown = given.filter((text) => !keyed.has(classNameOf(text)));
  problems.addList(unknown, (few) => `labels that are not there: ${few}`);
  problems.throwIfAny({
    code: 'mismatch',
    operation: `read data set ${name}`,
    expected: `labels of the class-names file (${firstFew(lines)})`,
  });
  return { classNames: given.map((text) => keyed.get(classNameOf(text)) ?? text), labels: positions(texts, given) };
}

function positions(texts: readonly string[], among: readonly string[]): number[] {
  const index = new Map(among.map((text, i) => [text, i]));
  return texts.map((text) => index.get(text) ?? -1);
}
