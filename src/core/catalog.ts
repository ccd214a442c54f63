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
  /** What is wrong with `settings`, one sentence each; empty when nothing is. */
  problems(settings: unknown): string[];
  /** @throws InputError (`usage`) that lists every setting that is wrong. */
  create(settings?: unknown): Made & Named;
}

type Settings<Shape extends z.ZodRawShape> = z.output<z.ZodObject<Shape, z.core.$strict>>;

/** Ties a schema, whose settings must all have a default and a description, to what it configures. */
export function defineEntry<Made extends object, Shape extends z.ZodRawShape>(parts: {
  readonly name: string;
  readonly summary: string;
  readonly settings: Shape;
  readonly create: (settings: Settings<Shape>) => Made;
}): CatalogEntry<Made> {
  const { name, summary } = parts;
  const schema = z.strictObject(parts.settings);
  return {
    name,
    summary,
    schema,
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
 * What a text such as `badnet` or `badnet:size=32,place=top-left` asks a catalog for.
 * @param what names an entry in messages: `trigger`.
 * @throws InputError (`usage`) that lists everything wrong with it.
 */
export function parseEntry<Made>(what: string, catalog: readonly CatalogEntry<Made>[], text: string): Made & Named {
  const operation = `read the ${what} ${JSON.stringify(text)}`;
  const colon = text.indexOf(':');
  const name = (colon < 0 ? text : text.slice(0, colon)).trim();
  const entry = catalog.find((candidate) => candidate.name === name);
  if (entry === undefined) {
    throw new InputError({
      code: 'usage',
      operation,
      expected: `one of ${catalog.map((candidate) => candidate.name).join(', ')}`,
      received: JSON.stringify(name),
    });
  }
  const { settings, problems } = parseSettings(colon < 0 ? '' : text.slice(colon + 1));
  problems.push(...entry.problems(settings));
  if (problems.length > 0) throw refuse(operation, entry.schema, problems);
  return entry.create(settings);
}

function parseSettings(text: string): { settings: Record<string, string | number>; problems: string[] } {
  const settings = new Map<string, string | number>();
  const problems: string[] = [];
  for (const part of text.split(',').filter((piece) => piece.trim() !== '')) {
    const equals = part.indexOf('=');
    const key = part.slice(0, Math.max(0, equals)).trim();
    const value = part.slice(equals + 1).trim();
    if (key === '') problems.push(`${JSON.stringify(part)} is not setting=value`);
    else if (settings.has(key)) problems.push(`${key} is given twice`);
    else settings.set(key, value !== '' && Number.isFinite(Number(value)) ? Number(value) : value);
  }
  return { settings: Object.fromEntries(settings), problems };
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
