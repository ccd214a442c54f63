import { describeValue, isKind, type PickleDict, type PickleTensor, type PickleValue } from './pickle-value.js';
import { listed, quoted, refuse } from './refusal.js';

/** Where training scripts keep the weights of the whole model. */
const wrapperKeys = ['state_dict', 'model_state_dict', 'model'];
/** Where they keep the weights of the vision tower alone. */
const visionWrapperKeys = ['vision_encoder_state_dict'];
/** What DistributedDataParallel and torch.compile put before every name. */
const wrapperPrefixes = ['module.', '_orig_mod.'];

const maximumDepth = 64;
const maximumAttributes = 100_000;

/**
 * The tensors of what was saved, by the model's own names: a state dict, the modules of a TorchScript archive, or
 * either inside a training wrapper, whose optimizer state, epoch and the like are left alone.
 * @throws InputError (`unsupported`) when there are no weights, or those of a vision tower only.
 */
export function unwrapTensors(file: string, root: PickleValue): Map<string, PickleTensor> {
  if (isKind(root, 'bag')) return withoutPrefixes(moduleTensors(file, root.attributes));
  if (root instanceof Map) {
    for (const key of wrapperKeys) {
      const inner = root.get(key);
      if (isKind(inner, 'bag')) return withoutPrefixes(moduleTensors(file, inner.attributes));
      const tensors = inner instanceof Map ? tensorsOf(inner) : undefined;
      if (tensors !== undefined && tensors.size > 0) return withoutPrefixes(tensors);
    }
    const direct = tensorsOf(root);
    if (direct.size > 0) return withoutPrefixes(direct);
    const vision = visionWrapperKeys.find((key) => root.has(key));
    if (vision !== undefined) throw visionOnly(file, `only ${quoted(vision)}`);
  }
  const keys = root instanceof Map ? [...root.keys()].filter((key) => typeof key === 'string').map(quoted) : [];
  throw refuse('unsupported', file, {
    expected: `a state dict, or one under ${wrapperKeys.map(quoted).join(', ')}`,
    received: keys.length === 0 ? describeValue(root) : `a dict of ${listed(keys)}`,
    fix: 'Save `model.state_dict()`.',
  });
}

/** The error for a checkpoint that has a vision tower and nothing else. */
export function visionOnly(file: string, received: string): Error {
  return refuse('unsupported', file, {
    expected: 'a CLIP with a vision and a text tower',
    received,
    fix: 'A vision tower alone cannot classify by class names: load it into the CLIP it came from and save that.',
  });
}

/** Drops a wrapper's prefix where every name has it. */
export function withoutPrefixes<T>(tensors: Map<string, T>): Map<string, T> {
  for (const prefix of wrapperPrefixes) {
    if (tensors.size === 0 || ![...tensors.keys()].every((name) => name.startsWith(prefix))) continue;
    return withoutPrefixes(new Map([...tensors].map(([name, tensor]) => [name.slice(prefix.length), tensor])));
  }
  return tensors;
}

function tensorsOf(dict: PickleDict): Map<string, PickleTensor> {
  const tensors = new Map<string, PickleTensor>();
  for (const [name, value] of dict) if (typeof name === 'string' && isKind(value, 'tensor')) tensors.set(name, value);
  return tensors;
}

/** The tensors of a tree of modules by dotted path. A module reached by many paths could make the tree endless. */
function moduleTensors(file: string, root: PickleDict): Map<string, PickleTensor> {
  const tensors = new Map<string, PickleTensor>();
  let visited = 0;
  const visit = (attributes: PickleDict, path: string, depth: number): void => {
    for (const [name, value] of attributes) {
      visited += 1;
      if (visited > maximumAttributes || depth > maximumDepth || path.length > 1024) {
        throw refuse('hostile', file, {
          expected: `at most ${maximumAttributes} attributes, ${maximumDepth} modules deep`,
          received: 'more',
          fix: 'The file is made to exhaust memory or time.',
        });
      }
      if (typeof name !== 'string') continue;
      if (isKind(value, 'tensor')) tensors.set(path + name, value);
      else if (isKind(value, 'bag')) visit(value.attributes, `${path}${name}.`, depth + 1);
    }
  };
  visit(root, '', 0);
  return tensors;
}
