import { nameFolders } from './class-names.js';
import { findFiles } from './find-files.js';
import { imageKind } from './image-formats.js';
import {
  chooseSplit,
  classNameOf,
  locationName,
  refuseSplit,
  type DatasetLayout,
  type DatasetLocation,
  type Listing,
  type ListOptions,
} from './layout.js';
import { Problems } from './problems.js';
import type { Sample, Split } from './sample.js';

const splitFolders: ReadonlyMap<string, Split> = new Map([
  ['train', 'train'],
  ['val', 'val'],
  ['valid', 'val'],
  ['validation', 'val'],
  ['test', 'test'],
]);

/** One folder a class, at the top or under train, val and test. */
export const imageFolder = {
  name: 'image-folder' as const,
  summary: 'one folder a class, at the top or under train/, val/ and test/',

  detect: (location) => Promise.resolve(location.file === undefined ? location : undefined),

  async list(location, options) {
    const { folder } = location;
    const name = locationName(location);
    const { root, split } = await findRoot(location, options);
    const entries = await folder.list(root);
    const classFolders = entries.filter(({ kind }) => kind === 'folder').map((entry) => entry.name);
    const found = await Promise.all(classFolders.map((each) => findFiles(folder, join(root, each))));
    const loose = entries.filter(({ kind }) => kind === 'file').map((entry) => join(root, entry.name));
    checkFound(name, loose, found);

    const samples: Sample[] = found.flatMap((files, label) => ofKind(files, 'image').map((path) => ({ path, label })));
    return {
      classNames:
        options.classNames === undefined
          ? classFolders.map(classNameOf)
          : nameFolders(classFolders, options.classNames),
      samples,
      images: folder,
      ...(split === undefined ? {} : { split }),
      ignored: [...loose, ...found.flatMap((files) => ofKind(files, 'other'))],
      imagesSeen: true,
    } satisfies Listing;
  },
} satisfies DatasetLayout;

/** The folder that holds the class folders. */
async function findRoot(location: DatasetLocation, options: ListOptions): Promise<{ root: string; split?: Split }> {
  const entries = await location.folder.list();
  const folders = entries.filter(({ kind }) => kind === 'folder').map((entry) => entry.name);
  const bySplit = new Map<Split, string>();
  for (const folder of folders) {
    const split = splitFolders.get(folder);
    if (split !== undefined) bySplit.set(split, folder);
  }
  // other folders beside them: `train` is then a class
  const inParts = folders.length > 0 && folders.every((folder) => splitFolders.has(folder));
  if (!inParts) {
    refuseSplit(options, locationName(location));
    return { root: '' };
  }
  const split = chooseSplit([...bySplit.keys()], options, locationName(location));
  return { root: bySplit.get(split) ?? '', split };
}

function checkFound(name: string, loose: readonly string[], found: readonly (readonly string[])[]): void {
  const files = found.flat();
  const problems = new Problems();
  problems.addList(ofKind(files, 'unreadable'), (few) => `images of kinds that are not read: ${few}`);
  if (ofKind(files, 'image').length === 0) {
    const images = ofKind(loose, 'image').length;
    problems.add(images > 0 ? `${images} images without a class folder around them` : 'no images');
  }
  problems.throwIfAny({ operation: `read data set ${name}`, expected: 'a folder of images for each class' });
}

function ofKind(files: readonly string[], kind: ReturnType<typeof imageKind>): string[] {
  return files.filter((file) => imageKind(file) === kind);
}

function join(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`;
}
