import { InputError } from '../core/errors.js';
import { classNameOf } from './layout.js';
import { firstFew } from './problems.js';

/**
 * Lines of a class-names file: one name a line, or `folder,name`, or `n01440764 name`, a WordNet id being the
 * folder (ImageNet's classnames.txt).
 * Blank lines are dropped.
 */
export function classNameLines(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

/**
 * Class names for folders, in the folders' order. A file that names the folders may list them in any order and more
 * of them than there are; a file of bare names must list one a folder, in the folders' sorted order.
 *
 * @throws InputError (`mismatch`) when the file fits the folders in neither way.
 */
export function nameFolders(folders: readonly string[], lines: readonly string[]): string[] {
  const named = keyedNames(lines);
  const unnamed = folders.filter((folder) => !named.has(classNameOf(folder)));
  if (unnamed.length === 0) return folders.map((folder) => named.get(classNameOf(folder)) ?? folder);

  const position = new Map(folders.map((folder, i) => [classNameOf(folder), i]));
  // a name that is another folder's own shows that the list is in some other order
  const misplaced = lines.filter((line, i) => (position.get(classNameOf(line)) ?? i) !== i);
  if (lines.length === folders.length && misplaced.length === 0) return lines.map(classNameOf);
  throw new InputError({
    code: 'mismatch',
    operation: 'name the classes',
    expected: `a class-names file with a line for each of ${folders.length} folders`,
    received:
      misplaced.length > 0
        ? `names in another order than the folders: ${firstFew(misplaced)}`
        : `${lines.length} lines, none of them for ${firstFew(unnamed)}`,
    fix: 'Write `folder,name` lines, or one name a line in the sorted order of the folders.',
  });
}

const separators = [/\s*,\s*/, /(?<=^n\d{8})\s+/];

/** Each line read as `key,name`, as `n01440764 name`, and as a key that is its own name. */
export function keyedNames(lines: readonly string[]): Map<string, string> {
  const names = new Map<string, string>();
  for (const line of lines) {
    for (const separator of separators) {
      const match = separator.exec(line);
      if (match === null) continue;
      const name = line.slice(match.index + match[0].length);
      if (name !== '') names.set(classNameOf(line.slice(0, match.index)), classNameOf(name));
    }
  }
  for (const line of lines) names.set(classNameOf(line), classNameOf(line));
  return names;
}
