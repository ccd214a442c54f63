import { z } from 'zod';

/** One option as the command line sees it, derived from a field of a command's schema. */
export interface OptionSpec {
  /** The field: `minCa`. */
  readonly key: string;
  /** What people write: `--min-ca`, and `min-ca` in a config file. */
  readonly name: string;
  readonly kind: 'text' | 'number' | 'boolean';
  /** May be given more than once. */
  readonly list: boolean;
  readonly choices: readonly string[] | undefined;
  readonly description: string;
  /** Several with commas between them; undefined where there is none, or an empty list. */
  readonly default: string | number | boolean | undefined;
  readonly required: boolean;
  readonly positional: boolean;
}

const scalarSchema = z.union([z.string(), z.number(), z.boolean()]);
const fieldSchema = z.object({
  type: z.enum(['string', 'number', 'integer', 'boolean', 'array']),
  enum: z.array(z.string()).optional(),
  description: z.string(),
  default: z.union([scalarSchema, z.array(scalarSchema)]).optional(),
  items: z.object({ type: z.enum(['string', 'number', 'integer']), enum: z.array(z.string()).optional() }).optional(),
});
const objectSchema = z.object({
  properties: z.record(z.string(), fieldSchema),
  required: z.array(z.string()).default([]),
});

/**
 * The options that a schema of flat fields (text, numbers, booleans, enums, lists of them) asks for: the arguments
 * without a flag first, in their order.
 * @throws ZodError when a field has no description or is of another kind: a mistake of the command's author.
 */
export function optionsOf(schema: z.ZodObject, positionals: readonly string[] = []): OptionSpec[] {
  const { properties, required } = objectSchema.parse(z.toJSONSchema(schema, { io: 'input' }));
  const specs = Object.entries(properties).map(([key, field]): OptionSpec => {
    const type = field.items?.type ?? field.type;
    return {
      key,
      name: flagName(key),
      kind: type === 'boolean' ? 'boolean' : type === 'string' ? 'text' : 'number',
      list: field.type === 'array',
      choices: field.enum ?? field.items?.enum,
      description: field.description,
      default: Array.isArray(field.default) ? field.default.join(', ') || undefined : field.default,
      required: required.includes(key),
      positional: positionals.includes(key),
    };
  });
  const rank = (spec: OptionSpec): number => (spec.positional ? positionals.indexOf(spec.key) : positionals.length);
  return specs.sort((a, b) => rank(a) - rank(b));
}

/** What stands for the value in a usage line: `<number>`, `<a|b>`, the name of an argument without a flag. */
export function placeholderOf(spec: OptionSpec): string {
  if (spec.positional) return spec.list ? `${spec.name}...` : spec.name;
  return spec.choices?.join('|') ?? (spec.kind === 'number' ? 'number' : 'value');
}

/** How an option's key is written as a flag, its dashes left out: `learningRate` is `learning-rate`. */
export function flagName(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** The flag with its placeholder: `--alpha <number>`; a boolean that is on by default is switched off: `--no-report`. */
export function flagOf(spec: OptionSpec): string {
  if (spec.kind === 'boolean') return spec.default === true ? `--no-${spec.name}` : `--${spec.name}`;
  return `--${spec.name} <${placeholderOf({ ...spec, positional: false })}>`;
}

/** The description with what a person may want to know of the value. */
export function describeOption(spec: OptionSpec): string {
  const facts = [
    ...(spec.list && !spec.positional ? ['may be repeated'] : []),
    ...(spec.default === undefined || spec.kind === 'boolean' ? [] : [`default: ${spec.default}`]),
  ];
  return facts.length === 0 ? spec.description : `${spec.description} (${facts.join('; ')})`;
}
