import { InputError } from '../core/errors.js';
import { nearestNames } from '../core/nearest.js';

/**
 * The class that `--target` names. `banana` is the class of that name, or, if none has exactly it, the only one that
 * differs in case, `_` and `-` alone; `#3`, or `3` where no class is called that, is the class of that index.
 * @param classNames in the order of their indices, from 0.
 * @throws InputError (`data`) when there is no such class or more than one.
 */
export function resolveTarget(target: string, classNames: readonly string[]): number {
  const wanted = target.trim();
  const byHash = /^#(\d+)$/.exec(wanted);
  const named = byHash === null ? indicesOf(wanted, classNames) : [];
  const index = Number(byHash?.[1] ?? (/^\d+$/.test(wanted) ? wanted : NaN));

  // "10" may be the name of one class and the index of another
  const candidates = [...new Set(index < classNames.length ? [...named, index] : named)];
  if (candidates.length === 1) return candidates[0];
  if (candidates.length > 1) {
    const all = candidates.map((i) => `#${i} ${JSON.stringify(classNames[i])}`).join(', ');
    throw refuse(target, 'one class', `${candidates.length}: ${all}`, 'Write #index to choose one.');
  }
  if (!Number.isNaN(index)) throw refuse(target, `an index of 0…${classNames.length - 1}`, String(index));
  const near = nearestNames(wanted, classNames).map((name) => JSON.stringify(name));
  const fix = near.length > 0 ? `Did you mean ${near.join(' or ')}?` : `There are ${listed(classNames)}.`;
  throw refuse(target, `one of the ${classNames.length} classes`, 'none of them', fix);
}

/** Classes called exactly `name`; without any, those that differ in case, `_` and `-` alone. */
function indicesOf(name: string, classNames: readonly string[]): number[] {
  const matching = (form: (text: string) => string): number[] =>
    classNames.flatMap((candidate, i) => (form(candidate) === form(name) ? [i] : []));
  const exact = matching((text) => text);
  return exact.length > 0 ? exact : matching((text) => text.toLowerCase().replaceAll(/[_\-\s]+/g, ' '));
}

function listed(classNames: readonly string[]): string {
  const few = classNames.slice(0, 10).map((name) => JSON.stringify(name));
  return `${few.join(', ')}${classNames.length > few.length ? ` and ${classNames.length - few.length} more` : ''}`;
}

function refuse(target: string, expected: string, received: string, fix?: string): InputError {
  const operation = `find the target class ${JSON.stringify(target)}`;
  return new InputError({ code: 'data', operation, expected, received, ...(fix === undefined ? {} : { fix }) });
}
