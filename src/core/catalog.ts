import { z } from 'zod';

import { InputError } from './errors.js';

/** What every entry of a catalog makes: a thing that knows its name and all its settings, for the run record. */
export interface Named {
  readonly name: string;
  /** Every setting, defaults included. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** A line of a catalog: something with a name and settings, such as a trigger. Help texts and parsing follow from it. */
export interface CatalogEntry<Made> {
  readonly name: string;
  /** One line for help texts. */
  readonly summary: string;
  /** Settings with their defaults and descriptions. */
  readonly schema: z.ZodObject;
  /** Other sets of defaults by name; a text asks for one as `name@preset`. */
  readonly presets: Readonly<Record<string, Preset>>;
  /** What is wrong with `settings`, one sentence each; empty when nothing is. */
  problems(settings: unknown): string[];
  /** @throws InputError (`usage`) that lists every setting that is wrong. */
  create(settings?: unknown): Made & Named;
}

/** Defaults that make an entry do just what some published code does. */
export interface Preset {
  /** One line for help texts. */
  readonly summary: string;
  /** What differs from the entry's own defaults. */
  readonly settings: Readonly<Record<string, unknown>>;
}

type Settings<Shape extends z.ZodRawShape> = z.output<z.ZodObject<Shape, z.core.$strict>>;

/** Ties a schema, whose settings must all have a default and a description, to what it configures. */
export function defineEntry<Made extends object, Shape extends z.ZodRawShape>(parts: {
  readonly name: string;
  readonly summary: string;
  readonly settings: Shape;
  readonly presets?: Readonly<Record<string, Preset & { readonly settings: Partial<Settings<Shape>> }>>;
  readonly create: (settings: Settings<Shape>) => Made;
}): CatalogEntry<Made> {
  const { name, summary, presets = {} } = parts;
  const schema = z.strictObject(parts.settings);
  return {
    name,
    summary,
    schema,
    presets,
    problems: (settings) => schema.safeParse(settings).error?.issues.map(describeIssue) ?? [],
    create(input = {}) {
      const parsed = schema.safeParse(input);
      if (parsed.success) return { ...parts.create(parsed.data), name, settings: parsed.data };
      throw refuse(`configure ${name}`, schema, parsed.error.issues.map(describeIssue));
    },
  };
}

function describeIssue(issue: z.core.$ZodIssue): string {
  return [...issue.path.map(String), issue.message].join(': ');
}

/**
 * What a text such as `badnet`, `badnet:size=32,place=top-left` or `badnet@cleanclip:size=32` asks a catalog for.
 * @param what names an entry in messages: `trigger`.
 * @throws InputError (`usage`) that lists everything wrong with it.
 */
export function parseEntry<Made>(what: string, catalog: readonly CatalogEntry<Made>[], text: string): Made & Named {
  const operation = `read the ${what} ${JSON.stringify(text)}`;
  const colon = text.indexOf(':');
  const found = findEntry(operation, catalog, (colon < 0 ? text : text.slice(0, colon)).trim());
  const { settings, problems } = parseSettings(found.entry.schema, colon < 0 ? '' : text.slice(colon + 1));
  return configure(operation, found, settings, problems);
}

/**
 * What a name such as `badnet` or `badnet@cleanclip` with these settings asks a catalog for.
 * @param what names an entry in messages: `trigger`.
 * @throws InputError (`usage`) that lists everything wrong with it.
 */
export function makeEntry<Made>(
  what: string,
  catalog: readonly CatalogEntry<Made>[],
  { name, settings }: Named,
): Made & Named {
  const operation = `read the ${what} ${JSON.stringify(name)}`;
  return configure(operation, findEntry(operation, catalog, name), settings, []);
}

interface FoundEntry<Made> {
  readonly entry: CatalogEntry<Made>;
  /** Of the preset; empty without one. */
  readonly defaults: Readonly<Record<string, unknown>>;
}

function findEntry<Made>(operation: string, catalog: readonly CatalogEntry<Made>[], text: string): FoundEntry<Made> {
  const at = text.indexOf('@');
  const [name, preset] = at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
  const entry = catalog.find((candidate) => candidate.name === name);
  if (entry === undefined) {
    const names = catalog.map((candidate) => candidate.name).join(', ');
    throw new InputError({ code: 'usage', operation, expected: `one of ${names}`, received: JSON.stringify(name) });
  }
  if (preset === undefined) return { entry, defaults: {} };
  if (Object.hasOwn(entry.presets, preset)) return { entry, defaults: entry.presets[preset].settings };
  const presets = Object.keys(entry.presets).map((known) => `${name}@${known}`);
  throw new InputError({
    code: 'usage',
    operation,
    expected: presets.length === 0 ? `${name}, which has no presets` : `a preset among ${presets.join(', ')}`,
    received: JSON.stringify(text),
  });
}

function configure<Made>(
  operation: string,
  { entry, defaults }: FoundEntry<Made>,
  settings: Readonly<Record<string, unknown>>,
  problems: readonly string[],
): Made & Named {
  const chosen = { ...defaults, ...settings };
  const all = [...problems, ...entry.problems(chosen)];
  if (all.length > 0) throw refuse(operation, entry.schema, all);
  return entry.create(chosen);
}

function parseSettings(
  { shape }: z.ZodObject,
  text: string,
): { settings: Record<string, Written>; problems: string[] } {
  const settings = new Map<string, Written>();
  const problems: string[] = [];
  for (const part of text.split(',').filter((piece) => piece.trim() !== '')) {
    const equals = part.indexOf('=');
    const key = part.slice(0, Math.max(0, equals)).trim();
    const value = part.slice(equals + 1).trim();
    if (key === '') problems.push(`${JSON.stringify(part)} is not setting=value`);
    else if (settings.has(key)) problems.push(`${key} is given twice`);
    else settings.set(key, takes(shape, key, value) ? value : readAs(value));
  }
  return { settings: Object.fromEntries(settings), problems };
}

/** Whether a setting takes this text as it is: where it is one of text, digits stay text. */
function takes(shape: z.ZodObject['shape'], key: string, value: string): boolean {
  return Object.hasOwn(shape, key) && z.safeParse(shape[key], value).success;
}

/** What a person can write for a setting. */
type Written = string | number | boolean;

function readAs(value: string): Written {
  if (value === 'true' || value === 'false') return value === 'true';
  return value !== '' && Number.isFinite(Number(value)) ? Number(value) : value;
}

function refuse(operation: string, { shape }: z.ZodObject, problems: readonly string[]): InputError {
  const names = Object.keys(shape);
  return new InputError({
    code: 'usage',
    operation,
    expected: names.length === 0 ? 'no settings' : `settings among ${names.join(', ')}`,
    received: problems.join('; '),
  });
}

/** One setting, as help texts and documentation show it. */
export interface SettingHelp {
  readonly name: string;
  readonly description: string;
  /** As it is written in `name:setting=value`. */
  readonly defaultValue: string;
  /** Empty where any value of its kind goes. */
  readonly choices: readonly string[];
}

const described = z.record(
  z.string(),
  z.object({ description: z.string(), default: z.coerce.string(), enum: z.array(z.string()).default([]) }),
);

/** The settings of an entry, read off its schema. */
export function settingsHelp({ schema }: Pick<CatalogEntry<unknown>, 'schema'>): SettingHelp[] {
  const { properties } = z.toJSONSchema(schema);
  return Object.entries(described.parse(properties)).map(([name, { description, default: value, enum: choices }]) => ({
    name,
    description,
    defaultValue: value,
    choices,
  }));
}
