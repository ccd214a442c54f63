import { formatShape, sizeOf } from '../tensor/shape.js';
import { stacked, transposed } from './derived-tensor.js';
import { isFloating } from './dtype.js';
import type { LazyTensor } from './lazy-tensor.js';
import { droppedNames, joinBlock, nameRules, splitBlock, type NameRule, type Naming } from './name-table.js';
import { listed, quoted, refuse } from './refusal.js';
import type { StoredTensor } from './stored-tensor.js';
import { visionOnly } from './unwrap.js';

/** A state dict under canonical names. */
export interface Translation {
  readonly naming: Naming;
  /** Whether the text tower's names began with `text.`, as open_clip's CustomTextCLIP writes them. */
  readonly prefixedText: boolean;
  readonly tensors: ReadonlyMap<string, LazyTensor>;
  /** Names of the file that no CLIP has. */
  readonly unknown: readonly string[];
  /** Tensors of the file that cannot be what their name says, each in a phrase. */
  readonly unfit: readonly string[];
}

const textPrefix = 'text.';

/**
 * Gives a file's tensors their canonical names: joint query-key-value tensors in three parts, projections as [out, in],
 * constants dropped. Nothing is read.
 * @throws InputError (`unsupported`) for ResNet towers, for a checkpoint with one tower only, and for other models.
 */
export function translate(file: string, stored: ReadonlyMap<string, StoredTensor>): Translation {
  const prefixedText = stored.has(`${textPrefix}token_embedding.weight`);
  const named = new Map(
    [...stored].map(([name, tensor]) => [prefixedText ? withoutTextPrefix(name, stored) : name, tensor]),
  );
  const naming = recognize(file, [...named.keys()]);
  const rules = rulesByName(naming);
  const tensors = new Map<string, LazyTensor>();
  const unknown: string[] = [];
  const unfit: string[] = [];
  for (const [name, tensor] of named) {
    if (droppedNames.has(name)) continue;
    const { pattern, block } = splitBlock(name);
    const found = rules.get(pattern);
    if (found === undefined) {
      unknown.push(name);
      continue;
    }
    for (const rule of found) {
      const adjusted = adjust(tensor, rule, naming);
      if (adjusted !== undefined) tensors.set(joinBlock(rule.canonical, block), adjusted);
    }
    const problem = problemOf(tensor, found[0], naming);
    if (problem !== undefined) unfit.push(`${quoted(name)} ${problem}`);
  }
  return { naming, prefixedText, tensors, unknown, unfit };
}

/** The name that a file uses for a canonical tensor. */
export function fileName(canonical: string, naming: Naming): string {
  const { pattern, block } = splitBlock(canonical);
  const rule = nameRules.find((candidate) => candidate.canonical === pattern);
  return rule === undefined ? canonical : joinBlock(rule[naming], block);
}

/**
 * Canonical tensors under the names and in the shapes of OpenAI's or Hugging Face's files, to the bit: the inverse of
 * {@link translate}. Nothing is read. Queries, keys and values of one block whose element types differ go into one tensor
 * of a type that holds all of them.
 * @throws RangeError for a name that is not canonical, or when a query, key or value is without the other two
 */
export function untranslate(tensors: ReadonlyMap<string, LazyTensor>, naming: Naming): Map<string, LazyTensor> {
  const rules = new Map(nameRules.map((rule) => [rule.canonical, rule]));
  const thirds = new Map<string, Map<number, LazyTensor>>();
  const out = new Map<string, LazyTensor>();
  for (const [canonical, tensor] of tensors) {
    const { pattern, block } = splitBlock(canonical);
    const rule = rules.get(pattern);
    if (rule === undefined) throw new RangeError(`state dict: "${canonical}" is not a canonical name`);
    const name = joinBlock(rule[naming], block);
    const { adjustment } = rule;
    if (naming === 'huggingface' || adjustment.kind === 'same' || adjustment.kind === 'scalar') out.set(name, tensor);
    else if (adjustment.kind === 'transposed') out.set(name, transposed(tensor));
    else {
      thirds.set(name, (thirds.get(name) ?? new Map<number, LazyTensor>()).set(adjustment.index, tensor));
      // holds the place in the order of the file until the last part is here
      out.set(name, tensor);
    }
  }
  for (const [name, parts] of thirds) {
    const [query, key, value] = [parts.get(0), parts.get(1), parts.get(2)];
    if (query === undefined || key === undefined || value === undefined) {
      throw new RangeError(`state dict: "${name}" needs a query, a key and a value`);
    }
    out.set(name, stacked(name, [query, key, value]));
  }
  return out;
}

function rulesByName(naming: Naming): ReadonlyMap<string, NameRule[]> {
  const rules = new Map<string, NameRule[]>();
  for (const rule of nameRules) rules.set(rule[naming], [...(rules.get(rule[naming]) ?? []), rule]);
  return rules;
}

function withoutTextPrefix(name: string, stored: ReadonlyMap<string, StoredTensor>): string {
  const bare = name.startsWith(textPrefix) ? name.slice(textPrefix.length) : name;
  return stored.has(bare) ? name : bare;
}

function recognize(file: string, names: readonly string[]): Naming {
  const has = (...prefixes: string[]) => names.some((name) => prefixes.some((prefix) => name.startsWith(prefix)));
  if (has('visual.layer1.', 'visual.attnpool.', 'layer1.', 'attnpool.')) {
    throw refuse('unsupported', file, {
      expected: 'a vision transformer',
      received: 'ResNet towers',
      fix: 'Visual prompt tuning needs tokens: use a ViT CLIP.',
    });
  }
  const huggingface = has('vision_model.', 'text_model.');
  const vision = huggingface ? has('vision_model.') : has('visual.');
  const text = huggingface ? has('text_model.') : has('token_embedding.');
  if (vision && text) return huggingface ? 'huggingface' : 'openai';
  if (vision) throw visionOnly(file, 'a vision tower without a text tower');
  // a vision tower saved by itself has lost its prefix, and its blocks are named as a text tower's
  if (!text && has('conv1.', 'class_embedding')) throw visionOnly(file, 'the state dict of a vision tower');
  throw refuse('unsupported', file, {
    expected: 'a CLIP with a vision and a text tower',
    received: text ? 'a text tower without a vision tower' : `names of another model (${listed(names.map(quoted), 4)})`,
    fix: 'Give a checkpoint of a whole CLIP.',
  });
}

/** The canonical part of a file's tensor, or undefined where the tensor's rank does not allow it. */
function adjust(tensor: StoredTensor, { adjustment }: NameRule, naming: Naming): StoredTensor | undefined {
  switch (adjustment.kind) {
    case 'same':
      return tensor;
    case 'scalar':
      return sizeOf(tensor.shape) === 1 ? tensor.scalar() : tensor;
    case 'transposed':
      return naming === 'openai' ? tensor.transposed() : tensor;
    case 'third': {
      if (naming === 'huggingface') return tensor;
      if (!inThirds(tensor)) return undefined;
      const rows = tensor.shape[0] / 3;
      return tensor.rows(adjustment.index * rows, rows);
    }
  }
}

function inThirds({ shape }: StoredTensor): boolean {
  return shape.length > 0 && shape[0] % 3 === 0;
}

function problemOf(tensor: StoredTensor, { adjustment }: NameRule, naming: Naming): string | undefined {
  if (!isFloating(tensor.dtype)) return `is ${tensor.dtype}, not floating point`;
  if (naming === 'openai' && adjustment.kind === 'third' && !inThirds(tensor)) {
    return `of shape ${formatShape(tensor.shape)} cannot be queries, keys and values`;
  }
  return undefined;
}
