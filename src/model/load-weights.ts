import type { Checkpoint } from '../checkpoint/checkpoint.js';
import { listed, quoted, refuse } from '../checkpoint/refusal.js';
import { formatShape, sameShape } from '../tensor/shape.js';
import type { ClipArchitecture } from './architecture.js';
import { inferArchitecture, type ArchitectureOptions } from './infer-architecture.js';
import { tensorTable } from './tensor-table.js';
import { noSuchTensor, type ClipWeights } from './weights.js';

export interface LoadedWeights {
  /** Reads from the checkpoint, which must stay open. */
  readonly weights: ClipWeights;
  /** What neither shapes nor a config say, and what was taken instead: sentences for a person. */
  readonly assumptions: readonly string[];
}

/**
 * The weights of a checkpoint, every name and shape accounted for. Tensors are read one by one, when they are asked for.
 * @throws InputError as `inferArchitecture` does, and one (`mismatch`) that lists all tensors that are missing, unknown
 * or of the wrong shape, by the names of the file.
 */
export function loadWeights(checkpoint: Checkpoint, options: ArchitectureOptions = {}): LoadedWeights {
  const { architecture, assumptions } = inferArchitecture(checkpoint, options);
  return { weights: checkpointWeights(checkpoint, architecture), assumptions };
}

/**
 * The weights of a checkpoint as one of a known architecture.
 * @throws InputError (`mismatch`) listing all tensors that are missing, unknown or of the wrong shape.
 */
export function checkpointWeights(checkpoint: Checkpoint, architecture: ClipArchitecture): ClipWeights {
  const table = tensorTable(architecture);
  refuseDifferences(checkpoint, table);
  const shapes = new Map(table.map(({ name, shape }) => [name, shape]));
  return {
    architecture,
    shapes,
    read: async (name) => {
      const tensor = shapes.has(name) ? checkpoint.tensors.get(name) : undefined;
      if (tensor === undefined) throw noSuchTensor(name);
      const values = await tensor.read();
      const bad = firstNotFinite(values);
      if (bad === undefined) return values;
      throw refuse('malformed', checkpoint.name, {
        expected: `finite numbers in ${quoted(checkpoint.fileName(name))}`,
        received: `${values[bad]} at element ${bad}`,
        fix: 'The training that made it diverged, or the file is damaged. `rvpt inspect` lists all such tensors.',
      });
    },
  };
}

function firstNotFinite(values: Float32Array): number | undefined {
  // a plain loop: hundreds of millions of values pass here
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return i;
  return undefined;
}

function refuseDifferences(checkpoint: Checkpoint, table: ReturnType<typeof tensorTable>): void {
  const { tensors, unknown, unfit } = checkpoint;
  const missing = new Set<string>();
  const misshapen: string[] = [];
  for (const { name, shape } of table) {
    const found = tensors.get(name);
    const inFile = quoted(checkpoint.fileName(name));
    if (found === undefined) missing.add(inFile);
    else if (!sameShape(found.shape, shape)) {
      misshapen.push(`${name} is ${formatShape(found.shape)} instead of ${formatShape(shape)}`);
    }
  }
  const expected = new Set(table.map(({ name }) => name));
  const surplus = [...tensors.keys()].filter((name) => !expected.has(name)).map((name) => checkpoint.fileName(name));
  const parts = [
    ['missing', [...missing].filter((name) => !unfit.some((phrase) => phrase.startsWith(name)))],
    ['unknown', [...unknown, ...new Set(surplus)].map(quoted)],
    ['of the wrong shape', misshapen],
    ['unfit', unfit],
  ] as const;
  const received = parts.filter(([, items]) => items.length > 0).map(([what, items]) => `${what}: ${listed(items)}`);
  if (received.length === 0) return;
  throw refuse('mismatch', checkpoint.name, {
    expected: 'exactly the tensors of a ViT CLIP',
    received: received.join('; '),
    fix: 'The checkpoint is incomplete, or not of the original CLIP architecture.',
  });
}
