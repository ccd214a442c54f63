import type { Folder } from '../core/bytes.js';
import { InputError } from '../core/errors.js';
import { DEFAULT_CONFIG, type DataCard, type DataFilesRule } from './data-card.js';
import { findFiles } from './find-files.js';
import { chooseSplit, locationName, refuseSplit, type DatasetLocation, type ListOptions } from './layout.js';
import { firstFew } from './problems.js';
import { splitNamed, usualSplit, type Split } from './sample.js';

/** The files that a data set of many is read from. */
export interface DataFiles {
  /** Paths inside the folder, sorted. */
  readonly files: readonly string[];
  /** The part that they are, where the data set comes in parts. */
  readonly split?: Split;
  /** The selection of the README that they belong to. */
  readonly config: string;
}

/** Folders below a data set that are looked into to see what it is made of: `data`, `train`, `default/train`, … */
const maxLookDepth = 3;
const maxFoldersLookedInto = 64;

/** Whether such a file lies in the folder or not far below; a look, not a search. */
export async function hasFile(folder: Folder, isWanted: (name: string) => boolean): Promise<boolean> {
  let level = [''];
  for (let depth = 1; depth <= maxLookDepth && level.length > 0; depth++) {
    const below: string[] = [];
    for (const path of level.slice(0, maxFoldersLookedInto)) {
      for (const { name, kind } of await folder.list(path)) {
        const child = path === '' ? name : `${path}/${name}`;
        if (kind === 'folder') below.push(child);
        else if (isWanted(name)) return true;
      }
    }
    // many folders side by side are classes
    level = below.length > maxFoldersLookedInto ? [] : below;
  }
  return false;
}

export function isOfKind(path: string, extension: string): boolean {
  return path.toLowerCase().endsWith(extension);
}

/**
 * The files of one part of a data set. A file, or a pattern like `train-{000000..000009}.tar`, is what it names; for a
 * folder, `configs` of its README.md say which files make which part, or else their names do, as on the Hugging Face
 * Hub.
 * @param extension in lower case, with its dot
 * @throws InputError when there is no such part, the pattern is none, or the README has several configs
 */
export async function chooseDataFiles(
  location: DatasetLocation,
  extension: string,
  card: DataCard | undefined,
  options: ListOptions,
): Promise<DataFiles> {
  const name = locationName(location);
  if (location.file !== undefined) {
    refuseSplit(options, name);
    return { files: expandShards(location.file, name), config: DEFAULT_CONFIG };
  }
  const files = (await findFiles(location.folder)).filter((file) => isOfKind(file, extension));
  const { config, parts } = splitDataFiles(files, card, name);
  if (parts.size === 1 && parts.has('')) {
    refuseSplit(options, name);
    return { files, config };
  }
  const split = chooseSplit([...parts.keys()], options, name);
  return { files: parts.get(split) ?? [], split, config };
}

/**
 * Which of a data set's files make which part; the one part `''` where nothing tells parts apart.
 * @param files paths inside the data set; @param name what to call it in messages
 * @throws InputError (`unsupported`) when the README has several configs and none is the default
 */
export function splitDataFiles(
  files: readonly string[],
  card: DataCard | undefined,
  name: string,
): { readonly config: string; readonly parts: ReadonlyMap<Split, readonly string[]> } {
  const { config, rules } = chooseConfig(card, name);
  const byRule = partsByRules(files, rules, name);
  return { config, parts: byRule.size > 0 ? byRule : partsByName(files) };
}

function chooseConfig(card: DataCard | undefined, name: string): { config: string; rules: readonly DataFilesRule[] } {
  const configs = card?.configs ?? [];
  const chosen =
    configs.find((each) => each.name === DEFAULT_CONFIG) ?? (configs.length === 1 ? configs[0] : undefined);
  if (chosen !== undefined) return { config: chosen.name, rules: chosen.files };
  if (configs.length === 0) {
    const [only = DEFAULT_CONFIG, ...others] = card?.features.keys() ?? [];
    return { config: others.length === 0 ? only : DEFAULT_CONFIG, rules: [] };
  }
  throw new InputError({
    code: 'unsupported',
    operation: `read data set ${name}`,
    expected: 'a README.md with one config, or one called default',
    received: firstFew(configs.map((each) => each.name)),
    fix: 'Point at the folder or the files of the one that you want.',
  });
}

function partsByRules(
  files: readonly string[],
  rules: readonly DataFilesRule[],
  name: string,
): Map<Split, readonly string[]> {
  const parts = new Map<Split, readonly string[]>();
  for (const { split, patterns } of rules) {
    const matchers = patterns.map((pattern) => globMatcher(pattern, name));
    const matched = files.filter((file) => matchers.some((matches) => matches.test(file)));
    if (matched.length > 0) parts.set(splitNamed(split), matched);
  }
  return parts;
}

/** More of them in one pattern could keep a matcher busy for ever. */
const maxWildcards = 3;

/** `*` within one name, `**` across folders, `?` for one character. */
function globMatcher(pattern: string, name: string): RegExp {
  const wildcards = pattern.match(/\*+/g)?.length ?? 0;
  if (wildcards > maxWildcards) {
    throw new InputError({
      code: 'unsupported',
      operation: `read data set ${name}`,
      expected: `patterns with at most ${maxWildcards} wildcards in its README.md`,
      received: pattern,
    });
  }
  const source = pattern
    .replace(/^\.\//, '')
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*\*\/|\*+|\?/g, (wild) => {
      if (wild === '**/') return '(?:.*/)?';
      if (wild === '?') return '[^/]';
      return wild === '*' ? '[^/]*' : '.*';
    });
  return new RegExp(`^${source}$`, 's');
}

/**
 * `data/holdout-00000-of-00003.parquet` names its part in full; else the usual names count, as words of the file's name
 * or as a folder's. Where no file says anything there are no parts; where some do, the others belong to none.
 */
function partsByName(files: readonly string[]): Map<Split, readonly string[]> {
  const parts = new Map<Split, string[]>();
  const unnamed: string[] = [];
  for (const file of files) {
    const split = splitOfName(file);
    if (split === undefined) unnamed.push(file);
    else (parts.get(split) ?? addTo(parts, split)).push(file);
  }
  return parts.size > 0 ? parts : new Map([['', unnamed]]);
}

function addTo(parts: Map<Split, string[]>, split: Split): string[] {
  const files: string[] = [];
  parts.set(split, files);
  return files;
}

function splitOfName(path: string): Split | undefined {
  const folders = path.split('/');
  const file = folders.pop() ?? '';
  const sharded = /^(.+)-\d{5}-of-\d{5}\b/.exec(file)?.[1];
  // `cc3m-train-0001.tar`; then `test/0.tar`, `partial-train/0000.parquet`, the nearest folder first
  const wordsOf = (name: string): string[] => name.split(/[^a-z]+/i);
  const words = [...wordsOf(file), ...folders.reverse().flatMap(wordsOf)];
  const usual = words.map(usualSplit).find((split) => split !== undefined);
  return usual ?? (sharded === undefined ? undefined : splitNamed(sharded));
}

const maxShards = 100_000;

/** `train-{000000..000009}.tar` is ten names; a name without braces is itself. */
export function expandShards(name: string, operationName: string): string[] {
  const range = /^([^{}]*)\{(\d{1,9})\.\.(\d{1,9})\}([^{}]*)$/.exec(name);
  if (range === null) {
    if (!/[{}]/.test(name)) return [name];
    throw new InputError({
      code: 'usage',
      operation: `read data set ${operationName}`,
      expected: 'a pattern like train-{000000..000009}.tar, with one range in it',
      received: name,
    });
  }
  const [, before, first, last, after] = range;
  const count = Number(last) - Number(first) + 1;
  if (count < 1 || count > maxShards) {
    throw new InputError({
      code: 'usage',
      operation: `read data set ${operationName}`,
      expected: `a range that goes up, of at most ${maxShards} files`,
      received: `{${first}..${last}}`,
    });
  }
  return Array.from({ length: count }, (_, i) => {
    return `${before}${String(Number(first) + i).padStart(first.length, '0')}${after}`;
  });
}
