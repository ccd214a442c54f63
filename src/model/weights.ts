import { Random } from '../tensor/random.js';
import { sizeOf, type Shape } from '../tensor/shape.js';
import type { ClipArchitecture } from './architecture.js';
import { tensorTable, type TensorSpec } from './tensor-table.js';

/** A complete set of CLIP weights: every tensor of the architecture is there, with the right shape. */
export interface ClipWeights {
  readonly architecture: ClipArchitecture;
  /** Shapes by canonical name, in the order of `tensorTable`. */
  readonly shapes: ReadonlyMap<string, Shape>;
  /**
   * Reads one tensor, row-major; nothing is kept, so ask once and let go.
   * @throws InputError (`malformed`) when it holds a value that is not finite.
   * @throws RangeError when the architecture has no such tensor.
   */
  read(name: string): Promise<Float32Array>;
}

/** Parameters of a CLIP, by tower. */
export interface ParameterCounts {
  /** Vision transformer with its projection. */
  readonly vision: number;
  /** Text transformer with its projection. */
  readonly text: number;
  /** Both, and the logit scale. */
  readonly total: number;
}

export function countParameters(architecture: ClipArchitecture): ParameterCounts {
  const counts = { vision: 0, text: 0, total: 0 };
  for (const { name, shape } of tensorTable(architecture)) {
    const size = sizeOf(shape);
    counts.total += size;
    if (name.startsWith('vision.')) counts.vision += size;
    if (name.startsWith('text.')) counts.text += size;
  }
  return counts;
}

/** Weights as OpenAI's CLIP has them before training; a tensor is drawn when it is read, the same every time. */
export function randomWeights(architecture: ClipArchitecture, seed: number): ClipWeights {
  const table = new Map(tensorTable(architecture).map((spec) => [spec.name, spec]));
  return {
    architecture,
    shapes: new Map([...table].map(([name, { shape }]) => [name, shape])),
    read: (name) => {
      const spec = table.get(name);
      return spec === undefined ? Promise.reject(noSuchTensor(name)) : Promise.resolve(draw(spec, seed));
    },
  };
}

function draw({ name, shape, initial }: TensorSpec, seed: number): Float32Array {
  const values = new Float32Array(sizeOf(shape));
  if (initial.kind === 'constant') return values.fill(initial.value);
  const random = Random.stream(seed, `weights/${name}`);
  for (let i = 0; i < values.length; i++) {
    values[i] =
      initial.kind === 'normal' ? random.normal() * initial.deviation : (random.uniform() * 2 - 1) * initial.bound;
  }
  return values;
}

/** The error for a name that is not in `shapes`. */
export function noSuchTensor(name: string): RangeError {
  return new RangeError(`weights: this architecture has no tensor "${name}"`);
}
