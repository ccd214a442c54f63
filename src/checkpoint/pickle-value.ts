import type { DType } from './lazy-tensor.js';
import { quoted } from './refusal.js';

/** What the pickle machine builds: plain data, and inert stand-ins for the few objects that checkpoints name. */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickleValue[]
  | Set<PickleValue>
  | PickleDict
  | PickleBag
  | PickleOpaque
  | PickleTensor
  | PickleStorage
  | AllowedGlobal;

export type PickleDict = Map<PickleValue, PickleValue>;

/** An instance of a class that is not known and not needed: its attributes, and no behaviour. */
export interface PickleBag {
  readonly kind: 'bag';
  readonly className: string;
  readonly attributes: PickleDict;
}

/** Something that wrappers keep beside weights (a NumPy scalar, a device); its content is not looked at. */
export interface PickleOpaque {
  readonly kind: 'opaque';
  readonly name: string;
}

/** A run of elements outside the pickle. */
export interface PickleStorage {
  readonly kind: 'storage';
  readonly key: string;
  /** Where a view of another storage starts in it, in elements; 0 for a storage of its own. */
  readonly start: number;
  /** Elements; bytes where `dtype` is undefined. */
  readonly length: number;
  /** Undefined for an untyped storage: the tensor names the type. */
  readonly dtype: DType | undefined;
}

export interface PickleTensor {
  readonly kind: 'tensor';
  readonly storage: PickleStorage;
  readonly dtype: DType;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

/** A name that a pickle may refer to, with all that it can do here. */
export interface AllowedGlobal {
  readonly kind: 'global';
  /** Module and name, as Python writes them: `torch._utils._rebuild_tensor_v2`. */
  readonly name: string;
  /** What calling it builds; absent where it may be named but not called. */
  readonly call?: (args: readonly PickleValue[]) => PickleValue;
  /** For storage classes. */
  readonly storage?: DType | 'untyped';
  /** For element types. */
  readonly dtype?: DType;
}

type Kind = 'bag' | 'opaque' | 'tensor' | 'storage' | 'global';

/** Whether `value` is the stand-in of that kind. */
export function isKind<K extends Kind>(
  value: PickleValue | undefined,
  kind: K,
): value is Extract<PickleValue, { kind: K }> {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === kind;
}

/** A few words for a message. */
export function describeValue(value: PickleValue | undefined): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'None';
  if (typeof value !== 'object') return `a ${typeof value}`;
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (value instanceof Map) return `a dict of ${value.size}`;
  if (value instanceof Set) return `a set of ${value.size}`;
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  switch (value.kind) {
    case 'bag':
      return `an object of class ${quoted(value.className)}`;
    case 'global':
    case 'opaque':
      return quoted(value.name);
    case 'storage':
    case 'tensor':
      return `a ${value.kind}`;
  }
}
