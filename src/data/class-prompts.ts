import { InputError } from '../core/errors.js';
import { firstFew } from './problems.js';

/** Where the class name goes in a template. */
const placeholder = '{class}';

/** CLIP's own, and the paper's for ImageNet and Caltech101. */
export const defaultTemplate = 'a photo of a {class}.';

/** Templates by name: the one CoOp uses for each of its data sets, and CLIP's choice of seven for an ensemble. */
export const namedTemplates = {
  default: [defaultTemplate],
  name: ['{class}'],
  pets: ['a photo of a {class}, a type of pet.'],
  flowers: ['a photo of a {class}, a type of flower.'],
  aircraft: ['a photo of a {class}, a type of aircraft.'],
  food: ['a photo of {class}, a type of food.'],
  dtd: ['{class} texture.'],
  eurosat: ['a centered satellite photo of {class}.'],
  ucf101: ['a photo of a person doing {class}.'],
  ensemble: [
    'itap of a {class}.',
    'a bad photo of the {class}.',
    'a origami {class}.',
    'a photo of the large {class}.',
    'a {class} in a video game.',
    'art of the {class}.',
    'a photo of the small {class}.',
  ],
} as const satisfies Record<string, readonly string[]>;

/**
 * The templates a person asked for: each entry a name of {@link namedTemplates} or a template of its own; more than
 * one template makes an ensemble.
 * @throws InputError (`usage`) that lists the entries that are neither.
 */
export function resolveTemplates(given: readonly string[] = ['default']): string[] {
  const named: ReadonlyMap<string, readonly string[]> = new Map(Object.entries(namedTemplates));
  const wrong = given.filter((entry) => !named.has(entry) && !entry.includes(placeholder));
  if (given.length === 0 || wrong.length > 0) {
    throw new InputError({
      code: 'usage',
      operation: 'read the class prompt templates',
      expected: `texts with ${placeholder} in them, or names among ${[...named.keys()].join(', ')}`,
      received: given.length === 0 ? 'none' : firstFew(wrong.map((entry) => JSON.stringify(entry))),
    });
  }
  return given.flatMap((entry) => named.get(entry) ?? [entry]);
}

/** Class prompts, [classes][templates]. */
export function classPrompts(classNames: readonly string[], templates: readonly string[]): string[][] {
  return classNames.map((name) => templates.map((template) => template.replaceAll(placeholder, () => name)));
}
