import { z } from 'zod';

import { InputError } from '../core/errors.js';
import { nearestNames } from '../core/nearest.js';
import { readYamlFile } from '../node/yaml-file.js';
import { gridNameProblems } from './grid-names.js';
import { gridSchema, type Grid } from './grid.js';

/** The largest grid of this package has a few thousand bytes. */
const SIZE_LIMIT = 2 ** 18;

/**
 * Reads an experiment from a YAML file.
 * @throws InputError (`missing`) without a file; (`usage`) that lists everything wrong with it
 */
export async function readGrid(file: string): Promise<Grid> {
  const operation = `read the grid ${file}`;
  const { content, problems } = await readYamlFile(file, operation, SIZE_LIMIT);
  if (problems.length > 0) throw refuse(operation, problems);
  return parseGrid(content, operation);
}

/**
 * The experiment that a value describes.
 * @param value not yet trusted; @param operation for messages
 * @throws InputError (`usage`) that lists everything wrong with it
 */
export function parseGrid(value: unknown, operation = 'read a grid'): Grid {
  const parsed = gridSchema.safeParse(value);
  const problems = parsed.success
    ? gridNameProblems(parsed.data)
    : parsed.error.issues.flatMap((issue) => describeIssue(issue, []));
  if (parsed.success && problems.length === 0) return parsed.data;
  throw refuse(operation, problems);
}

function refuse(operation: string, problems: readonly string[]): InputError {
  return new InputError({
    code: 'usage',
    operation,
    expected: 'an experiment as docs/experiments.md tells',
    received: problems.length === 1 ? 'a problem' : `${problems.length} problems`,
    fix: `\n  ${problems.join('\n  ')}`,
  });
}

type Place = readonly PropertyKey[];

function describeIssue(issue: z.core.$ZodIssue, before: Place): string[] {
  const place = [...before, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(place);
    return issue.keys.map((key) => `${nameOf([...place, key])}: no such key${suggest(key, known)}`);
  }
  if (issue.code === 'invalid_union') {
    // a name alone or all of it: what was written as an object was meant as one
    const meant = issue.errors.find(
      (branch) => !branch.some(({ code, path }) => code === 'invalid_type' && path.length === 0),
    );
    if (meant !== undefined) return meant.flatMap((inner) => describeIssue(inner, place));
  }
  return [`${nameOf(place)}: ${issue.message}`];
}

/** `defenses[2].settings` */
function nameOf(place: Place): string {
  const text = place.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
  return text.replace(/^\./, '') || 'the file';
}

function suggest(word: string, known: readonly string[]): string {
  const near = nearestNames(word, known, 1).at(0);
  return near === undefined ? `; there are ${known.join(', ')}` : `, did you mean ${near}?`;
}

interface Node {
  readonly properties?: Readonly<Record<string, Node>> | undefined;
  readonly items?: Node | undefined;
  readonly anyOf?: readonly Node[] | undefined;
}
const nodeSchema: z.ZodType<Node> = z.lazy(() =>
  z.object({
    properties: z.record(z.string(), nodeSchema).optional(),
    items: nodeSchema.optional(),
    anyOf: z.array(nodeSchema).optional(),
  }),
);

/** The keys that the schema knows at a place. */
function keysAt(place: Place): string[] {
  let nodes: readonly Node[] = [nodeSchema.parse(z.toJSONSchema(gridSchema, { io: 'input', unrepresentable: 'any' }))];
  for (const part of place) {
    nodes = nodes
      .flatMap((node) => [node, ...(node.anyOf ?? [])])
      .flatMap((node) => (typeof part === 'number' ? node.items : node.properties?.[String(part)]) ?? []);
  }
  return nodes.flatMap((node) => [node, ...(node.anyOf ?? [])]).flatMap((node) => Object.keys(node.properties ?? {}));
}
