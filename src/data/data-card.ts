import { parse } from 'yaml';
import { z } from 'zod';

import type { Folder } from '../core/bytes.js';
import { InputError, messageOf } from '../core/errors.js';
import { jsonOrNothing } from '../core/json.js';
import { readText, withFile } from './text-file.js';

/** What a column of a table holds, as far as it matters here. */
export type Feature = { readonly kind: 'image' } | { readonly kind: 'class'; readonly names: readonly string[] };
/** By the name of the column; others are left out. */
export type Features = ReadonlyMap<string, Feature>;

/** Which files make which part. */
export interface DataFilesRule {
  readonly split: string;
  /** Paths, perhaps with `*`, `**` and `?`. */
  readonly patterns: readonly string[];
}

/** What the front matter of a data set's README.md says. */
export interface DataCard {
  /** Named selections of files, in order; empty where file names are to tell. */
  readonly configs: readonly { readonly name: string; readonly files: readonly DataFilesRule[] }[];
  /** By the name of the config; `default` where there is but one. */
  readonly features: ReadonlyMap<string, Features>;
}

export const DEFAULT_CONFIG = 'default';
const maxCardBytes = 8 * 2 ** 20;

const oneOrMore = z.union([z.string().transform((each) => [each]), z.array(z.string())]);
const fileRules = z.union([
  oneOrMore.transform((patterns) => [{ split: 'train', patterns }]),
  z.array(z.object({ split: z.string(), path: oneOrMore }).transform(({ split, path }) => ({ split, patterns: path }))),
]);
const config = z.object({ config_name: z.string().default(DEFAULT_CONFIG), data_files: fileRules.optional() });
const names = z.union([
  z.array(z.string()),
  // YAML and JSON keys by their number; a hole in them is no list of names
  z.record(z.string(), z.string()).transform((byIndex, context) => {
    const byKey = new Map(Object.entries(byIndex));
    const list = Array.from(byKey.keys(), (_, i) => byKey.get(String(i)) ?? []).flat();
    if (list.length < byKey.size) context.addIssue('class names whose indices are not 0, 1, 2, …');
    return list;
  }),
]);
const classLabel = z.object({ class_label: z.object({ names: names.optional() }) });
const otherType = z
  .unknown()
  .refine((dtype) => !(typeof dtype === 'object' && dtype !== null && 'class_label' in dtype));
const cardFeature = z.object({ name: z.string(), dtype: z.union([z.string(), classLabel, otherType]).optional() });
const info = z.object({ config_name: z.string().default(DEFAULT_CONFIG), features: z.array(cardFeature).default([]) });
const cardSchema = z.object({
  configs: z.array(config).default([]),
  dataset_info: z.union([info.transform((one) => [one]), z.array(info)]).default([]),
});

/**
 * Reads the README.md of a data set as the Hugging Face Hub has it: the YAML between two lines `---` at its top.
 * Undefined where there is none.
 * @throws InputError (`malformed`) when the YAML is none or says something else than it should
 */
export async function readDataCard(folder: Folder): Promise<DataCard | undefined> {
  if (!(await folder.has('README.md'))) return undefined;
  const text = await withFile(folder, 'README.md', async (file) => (file.size > maxCardBytes ? '' : readText(file)));
  return parseDataCard(text, `${folder.name}/README.md`);
}

/** The same for the text of a README. @param name what to call it in messages */
export function parseDataCard(text: string, name: string): DataCard | undefined {
  const front = /^\uFEFF?---\r?\n(.*?)\r?\n---\s*(\r?\n|$)/s.exec(text)?.[1];
  if (front === undefined) return undefined;
  const parsed = cardSchema.safeParse(parseYaml(front, name) ?? {});
  if (!parsed.success) {
    throw new InputError({
      code: 'malformed',
      operation: `read the front matter of ${name}`,
      expected: 'configs and dataset_info as the Hugging Face Hub has them',
      received: parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '),
      fix: 'Without the README.md, names of files and columns decide.',
    });
  }
  const { configs, dataset_info: infos } = parsed.data;
  return {
    configs: configs.map(({ config_name, data_files }) => ({ name: config_name, files: data_files ?? [] })),
    features: new Map(infos.map(({ config_name, features }) => [config_name, featuresOf(features)])),
  };
}

function parseYaml(text: string, name: string): unknown {
  try {
    // the library's limit on aliases keeps a small text from growing
    return parse(text, { logLevel: 'error' });
  } catch (cause) {
    throw new InputError({
      code: 'malformed',
      operation: `read the front matter of ${name}`,
      expected: 'YAML',
      received: messageOf(cause),
      cause,
    });
  }
}

function featuresOf(features: readonly z.output<typeof cardFeature>[]): Features {
  const found = new Map<string, Feature>();
  for (const { name, dtype } of features) {
    if (dtype === 'image') found.set(name, { kind: 'image' });
    const label = classLabel.safeParse(dtype);
    if (label.success) found.set(name, { kind: 'class', names: label.data.class_label.names ?? [] });
  }
  return found;
}

const schemaFeatures = z.object({
  info: z.object({
    features: z.record(z.string(), z.union([z.object({ _type: z.string(), names: names.optional() }), z.unknown()])),
  }),
});

/**
 * The same from the text that the `datasets` library keeps in its files (key `huggingface` of a parquet file).
 * None where it is something else: the file is read without it.
 */
export function parseSchemaFeatures(text: string): Features {
  const found = new Map<string, Feature>();
  const parsed = schemaFeatures.safeParse(jsonOrNothing(text));
  for (const [name, value] of Object.entries(parsed.data?.info.features ?? {})) {
    const feature = z.object({ _type: z.string(), names: names.optional() }).safeParse(value).data;
    if (feature?._type === 'Image') found.set(name, { kind: 'image' });
    if (feature?._type === 'ClassLabel') found.set(name, { kind: 'class', names: feature.names ?? [] });
  }
  return found;
}
