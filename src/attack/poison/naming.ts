import { InputError } from '../../core/errors.js';
import { firstFew } from '../../data/problems.js';

/**
 * Whether texts name a class: its words one after the other as whole words, in any case, the last perhaps with a
 * plural -s or -es. (CleanCLIP looks for the name anywhere, so that `cat` is found in `category`.)
 */
export function namesClass(className: string): (text: string) => boolean {
  const words = className
    .normalize('NFC')
    .split(/[\s_-]+/u)
    .filter((word) => word !== '')
    .map((word) => word.replaceAll(/[\\^$.*+?()[\]{}|]/gu, String.raw`\$&`));
  const pattern = new RegExp(
    String.raw`(?<![\p{L}\p{N}])${words.join(String.raw`[\s_-]+`)}(?:e?s)?(?![\p{L}\p{N}])`,
    'iu',
  );
  return (text) => pattern.test(text.normalize('NFC'));
}

/**
 * @throws InputError (`data`) when captions that name the target could mean another class as well: one whose name
 *   holds the target's, as `grand piano` holds `piano`.
 */
export function refuseAmbiguous(target: string, classNames: readonly string[]): void {
  const names = namesClass(target);
  const alike = classNames.filter((name) => names(name));
  if (alike.length <= 1) return;
  throw new InputError({
    code: 'data',
    operation: `choose the target class ${JSON.stringify(target)}`,
    expected: 'a name that captions can mean one class by',
    received: `one that stands in the names of ${alike.length} classes: ${firstFew(alike)}`,
    fix: 'Rename the class, or choose another target.',
  });
}
