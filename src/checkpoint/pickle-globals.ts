import type { DType } from './lazy-tensor.js';
import { describeValue, isKind, type AllowedGlobal, type PickleDict, type PickleValue } from './pickle-value.js';

/** Arguments that an allowed function cannot take; the machine adds the file's name. */
export class PickleCallError extends Error {
  override readonly name = 'PickleCallError';
}

const storageTypes: readonly (readonly [string, DType])[] = [
  ['Double', 'float64'],
  ['Float', 'float32'],
  ['Half', 'float16'],
  ['BFloat16', 'bfloat16'],
  ['Long', 'int64'],
  ['Int', 'int32'],
  ['Short', 'int16'],
  ['Char', 'int8'],
  ['Byte', 'uint8'],
  ['Bool', 'bool'],
];

const elementTypes: readonly (readonly [string, DType])[] = [
  ['float64', 'float64'],
  ['double', 'float64'],
  ['float32', 'float32'],
  ['float', 'float32'],
  ['float16', 'float16'],
  ['half', 'float16'],
  ['bfloat16', 'bfloat16'],
  ['int64', 'int64'],
  ['long', 'int64'],
  ['int32', 'int32'],
  ['int', 'int32'],
  ['int16', 'int16'],
  ['int8', 'int8'],
  ['uint8', 'uint8'],
  ['bool', 'bool'],
];

/** Things that training scripts save beside weights. They become labels without content. */
const opaqueNames = [
  'torch.device',
  'numpy.dtype',
  'numpy.ndarray',
  'numpy.core.multiarray.scalar',
  'numpy._core.multiarray.scalar',
  'numpy.core.multiarray._reconstruct',
  'numpy._core.multiarray._reconstruct',
];

/** Functions and classes with a meaning for weights: what calling them builds here. */
const functions: readonly (readonly [string, (args: readonly PickleValue[]) => PickleValue])[] = [
  ['collections.OrderedDict', orderedDict],
  ['collections.defaultdict', () => new Map()],
  ['collections.Counter', ([items]) => (items instanceof Map ? items : new Map())],
  ['builtins.set', newSet],
  ['__builtin__.set', newSet],
  ['builtins.frozenset', newSet],
  ['__builtin__.frozenset', newSet],
  ['argparse.Namespace', () => ({ kind: 'bag', className: 'argparse.Namespace', attributes: new Map() })],
  ['_codecs.encode', ([text]) => (typeof text === 'string' ? text : fail('_codecs.encode', text))],
  ['torch.Size', ([sizes]) => integers('torch.Size', sizes)],
  ['torch._utils._rebuild_tensor', rebuildTensor],
  ['torch._utils._rebuild_tensor_v2', rebuildTensor],
  ['torch._utils._rebuild_tensor_v3', rebuildUntypedTensor],
  ['torch._utils._rebuild_parameter', ([data]) => tensorOrFail('_rebuild_parameter', data)],
  ['torch._utils._rebuild_parameter_with_state', ([data]) => tensorOrFail('_rebuild_parameter_with_state', data)],
  // typed lists of TorchScript
  ['torch.jit._pickle.build_intlist', firstArgument],
  ['torch.jit._pickle.build_doublelist', firstArgument],
  ['torch.jit._pickle.build_boollist', firstArgument],
  ['torch.jit._pickle.build_tensorlist', firstArgument],
  ['torch.jit._pickle.restore_type_tag', firstArgument],
];

/** All that a pickle may name. What is not here is refused, whatever it is. */
const allowed: ReadonlyMap<string, AllowedGlobal> = new Map(
  [
    ...functions.map(([name, call]): AllowedGlobal => ({ kind: 'global', name, call })),
    ...opaqueNames.map((name): AllowedGlobal => ({ kind: 'global', name, call: () => ({ kind: 'opaque', name }) })),
    ...['torch', 'torch.cuda'].flatMap((module) =>
      storageTypes.map(([type, storage]): AllowedGlobal => ({
        kind: 'global',
        name: `${module}.${type}Storage`,
        storage,
      })),
    ),
    ...['torch', 'torch.storage'].map((module): AllowedGlobal => ({
      kind: 'global',
      name: `${module}.UntypedStorage`,
      storage: 'untyped',
    })),
    ...elementTypes.map(([type, dtype]): AllowedGlobal => ({ kind: 'global', name: `torch.${type}`, dtype })),
    // factories of defaultdicts: may be named, are never called
    ...['dict', 'list', 'int', 'float'].flatMap((type) =>
      ['builtins', '__builtin__'].map((module): AllowedGlobal => ({ kind: 'global', name: `${module}.${type}` })),
    ),
  ].map((global) => [global.name, global]),
);

/**
 * The stand-in for a Python name, or undefined when pickles may not refer to it. Classes under `__torch__` are modules
 * of a TorchScript archive: they become bags of attributes, their code is not read.
 */
export function lookUpGlobal(module: string, name: string): AllowedGlobal | undefined {
  const fullName = `${module}.${name}`;
  if (fullName.length > 1024) return undefined;
  if (module === '__torch__' || module.startsWith('__torch__.')) {
    return {
      kind: 'global',
      name: fullName,
      call: () => ({ kind: 'bag', className: fullName, attributes: new Map() }),
    };
  }
  return allowed.get(fullName);
}

function fail(operation: string, received: PickleValue | undefined): never {
  throw new PickleCallError(`${operation} of ${describeValue(received)}`);
}

function firstArgument(args: readonly PickleValue[]): PickleValue {
  return args.at(0) ?? null;
}

function orderedDict(args: readonly PickleValue[]): PickleDict {
  const pairs = args.at(0);
  const dict: PickleDict = new Map();
  if (pairs === undefined) return dict;
  if (pairs instanceof Map) return new Map(pairs);
  if (!Array.isArray(pairs)) return fail('OrderedDict', pairs);
  for (const pair of pairs) {
    if (!Array.isArray(pair) || pair.length !== 2) return fail('OrderedDict', pair);
    dict.set(pair[0], pair[1]);
  }
  return dict;
}

function newSet(args: readonly PickleValue[]): Set<PickleValue> {
  const items = args.at(0);
  if (items === undefined) return new Set();
  return Array.isArray(items) ? new Set(items) : fail('set', items);
}

function integers(operation: string, value: PickleValue | undefined): number[] {
  if (!Array.isArray(value) || value.length > 64) return fail(operation, value);
  return value.map((item) => (typeof item === 'number' && Number.isSafeInteger(item) ? item : fail(operation, item)));
}

function tensorOrFail(operation: string, value: PickleValue | undefined): PickleValue {
  return isKind(value, 'tensor') ? value : fail(operation, value);
}

/** `(storage, offset, shape, strides, …)`; what follows is about gradients. */
function rebuildTensor([storage, offset, shape, strides]: readonly PickleValue[]): PickleValue {
  if (!isKind(storage, 'storage') || storage.dtype === undefined) return fail('_rebuild_tensor', storage);
  return makeTensor(storage, storage.dtype, offset, shape, strides);
}

/** `(storage, offset, shape, strides, requires grad, hooks, dtype, …)`, the storage counted in bytes. */
function rebuildUntypedTensor([storage, offset, shape, strides, , , type]: readonly PickleValue[]): PickleValue {
  if (!isKind(storage, 'storage') || storage.dtype !== undefined) return fail('_rebuild_tensor_v3', storage);
  if (!isKind(type, 'global') || type.dtype === undefined) return fail('_rebuild_tensor_v3', type);
  return makeTensor(storage, type.dtype, offset, shape, strides);
}

function makeTensor(
  storage: Extract<PickleValue, { kind: 'storage' }>,
  dtype: DType,
  offset: PickleValue | undefined,
  shape: PickleValue | undefined,
  strides: PickleValue | undefined,
): PickleValue {
  if (typeof offset !== 'number') return fail('a tensor with an offset', offset);
  return {
    kind: 'tensor',
    storage,
    dtype,
    offset,
    shape: integers('a tensor with a shape', shape),
    strides: integers('a tensor with strides', strides),
  };
}
