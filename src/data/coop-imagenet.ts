import type { Folder } from '../core/bytes.js';
import { InputError } from '../core/errors.js';
import { classNameLines } from './class-names.js';
import { namedTemplates } from './class-prompts.js';
import { findFiles } from './find-files.js';
import { imageKind } from './image-formats.js';
import { chooseSplit, classNameOf, locationName, refuseSplit, type DatasetLayout, type ListOptions } from './layout.js';
import { Problems } from './problems.js';
import type { Split } from './sample.js';
import { readText, withFile } from './text-file.js';

const classNamesFile = 'classnames.txt';

interface ImageNetForm<Name extends string> {
  readonly name: Name;
  readonly summary: string;
  /** Where the class folders lie, by part; one place for a data set without parts. */
  readonly images: string | ReadonlyMap<Split, string>;
  /** What a class folder is called: by its WordNet id, or by the number of its line in classnames.txt. */
  readonly folders: 'wordnet-id' | 'line-number';
}

/**
 * ImageNet and its relatives as CoOp lays them out (KaiyangZhou/CoOp, DATASETS.md): folders of images by class, and
 * beside them classnames.txt with lines `n01440764 tench`. Classes are in the order of their ids.
 *
 * In the list of names, CLIP's own, two pairs of classes share a name (missile, sunglasses). They stay apart with equal
 * prompts, as in all published figures: the first of two is predicted for both.
 */
function imagenetLayout<Name extends string>({ name, summary, images, folders }: ImageNetForm<Name>) {
  const places = typeof images === 'string' ? [images] : [...images.values()];
  return {
    name,
    summary: `${summary}; ${classNamesFile} beside it`,

    async detect(location) {
      if (location.file !== undefined || !(await location.folder.has(classNamesFile))) return undefined;
      for (const place of places) {
        if (await holdsClasses(location.folder, place, folders)) return location;
      }
      return undefined;
    },

    async list(location, options) {
      const { folder } = location;
      const lines = options.classNames ?? classNameLines(await withFile(folder, classNamesFile, readText));
      const named = nameLines(lines, `${folder.name}/${classNamesFile}`);
      const { root, split } =
        typeof images === 'string'
          ? wholeOf(images, options, locationName(location))
          : await partOf(folder, images, options, locationName(location));
      const found = await classFolders(folder, root);
      const keys = folders === 'wordnet-id' ? found : [...named.keys()];
      const labelOf = labeller(found, keys, folders, named, `${folder.name}/${root}`);
      const files = await Promise.all(found.map((each) => findFiles(folder, `${root}/${each}`)));
      return {
        classNames: keys.map((key) => named.get(key) ?? key),
        samples: files.flatMap((paths, i) =>
          paths.filter((path) => imageKind(path) === 'image').map((path) => ({ path, label: labelOf(found[i]) })),
        ),
        images: folder,
        templates: namedTemplates.default,
        ignored: files.flat().filter((path) => imageKind(path) !== 'image'),
        imagesSeen: true,
        sharedNames: true,
        ...(split === undefined ? {} : { split }),
      };
    },
  } satisfies DatasetLayout;
}

async function holdsClasses(folder: Folder, place: string, folders: 'wordnet-id' | 'line-number'): Promise<boolean> {
  let at = '';
  for (const part of place.split('/')) {
    if (!(await folder.list(at)).some(({ name, kind }) => name === part && kind === 'folder')) return false;
    at = at === '' ? part : `${at}/${part}`;
  }
  const pattern = folders === 'wordnet-id' ? /^n\d{8}$/ : /^\d+$/;
  return (await folder.list(at)).some(({ name, kind }) => kind === 'folder' && pattern.test(name));
}

/** Names by WordNet id, in the order of the lines. */
function nameLines(lines: readonly string[], name: string): Map<string, string> {
  const named = new Map<string, string>();
  const problems = new Problems();
  const wrong: string[] = [];
  for (const line of lines) {
    const match = /^(n\d{8})[\s,]+(\S.*)$/.exec(line);
    if (match === null || named.has(match[1])) wrong.push(line);
    else named.set(match[1], classNameOf(match[2]));
  }
  problems.addList(wrong, (few) => `lines that are not so, or whose id comes twice: ${few}`);
  problems.throwIfAny({ code: 'malformed', operation: `read ${name}`, expected: 'lines `n01440764 tench`' });
  return named;
}

function wholeOf(root: string, options: ListOptions, name: string): { root: string; split?: Split } {
  // made for testing only, so a wish for the part `test` is met
  if (options.split !== 'test') refuseSplit(options, name);
  return { root };
}

async function partOf(
  folder: Folder,
  images: ReadonlyMap<Split, string>,
  options: ListOptions,
  name: string,
): Promise<{ root: string; split: Split }> {
  const [parent] = [...images.values()].map((path) => path.slice(0, path.lastIndexOf('/')));
  const there = new Set((await folder.list(parent)).map((entry) => `${parent}/${entry.name}`));
  const present = [...images].filter(([, path]) => there.has(path)).map(([split]) => split);
  // as in CoOp, and everywhere: the labels of the test part were never published, and `val` is tested on
  const wanted = options.split === 'test' ? { ...options, split: 'val' } : options;
  const split = chooseSplit(present, wanted, name);
  return { root: images.get(split) ?? '', split };
}

async function classFolders(folder: Folder, root: string): Promise<string[]> {
  return (await folder.list(root)).filter(({ kind }) => kind === 'folder').map(({ name }) => name);
}

/** @throws InputError (`mismatch`) that lists the folders that no line of classnames.txt is for */
function labeller(
  found: readonly string[],
  keys: readonly string[],
  folders: 'wordnet-id' | 'line-number',
  named: ReadonlyMap<string, string>,
  place: string,
): (folder: string) => number {
  const position = new Map(keys.map((key, i) => [key, i]));
  const labelOf = (folder: string): number =>
    folders === 'line-number' ? Number(folder) : named.has(folder) ? (position.get(folder) ?? -1) : -1;
  const unknown = found.filter((folder) => !(labelOf(folder) >= 0 && labelOf(folder) < keys.length));
  if (unknown.length === 0 && found.length > 0) return labelOf;
  throw new InputError({
    code: 'mismatch',
    operation: `name the classes in ${place}`,
    expected: `folders that ${classNamesFile} has a line for`,
    received: unknown.length === 0 ? 'no folders' : `none for ${unknown.slice(0, 10).join(', ')}`,
    fix: `Take the ${classNamesFile} of CoOp's ImageNet: it serves all of its relatives.`,
  });
}

export const imagenet = imagenetLayout({
  name: 'imagenet',
  summary: 'CoOp’s ImageNet: images/train and images/val by WordNet id',
  images: new Map([
    ['train', 'images/train'],
    ['val', 'images/val'],
  ]),
  folders: 'wordnet-id',
});

export const imagenetV2 = imagenetLayout({
  name: 'imagenetv2',
  summary: 'CoOp’s ImageNetV2: imagenetv2-matched-frequency-format-val, folders 0 to 999',
  images: 'imagenetv2-matched-frequency-format-val',
  folders: 'line-number',
});

export const imagenetSketch = imagenetLayout({
  name: 'imagenet-sketch',
  summary: 'CoOp’s ImageNet-Sketch: images by WordNet id',
  images: 'images',
  folders: 'wordnet-id',
});

export const imagenetA = imagenetLayout({
  name: 'imagenet-a',
  summary: 'CoOp’s ImageNet-A: imagenet-a by WordNet id',
  images: 'imagenet-a',
  folders: 'wordnet-id',
});

export const imagenetR = imagenetLayout({
  name: 'imagenet-r',
  summary: 'CoOp’s ImageNet-R: imagenet-r by WordNet id',
  images: 'imagenet-r',
  folders: 'wordnet-id',
});
