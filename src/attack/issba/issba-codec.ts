import { openSafetensors } from '../../checkpoint/safetensors.js';
import type { ByteSource } from '../../core/bytes.js';
import { InputError } from '../../core/errors.js';
import { raster, type Raster } from '../../core/raster.js';
import { firstFew } from '../../data/problems.js';
import type { ReferenceTensor } from '../../graph/op.js';
import { evaluateNow, type ReferenceFeeds } from '../../runtime/reference.js';
import { formatShape, sameShape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { issbaDecoderGraph, issbaEncoderGraph } from './issba-graphs.js';
import { fromPatches, issbaPatches, stretchBilinear } from './issba-images.js';
import {
  ISSBA_BITS,
  ISSBA_SIDE,
  issbaImageShape,
  issbaTensors,
  type IssbaHalf,
  type IssbaWeights,
} from './issba-network.js';

// Triggers are applied in the middle of synchronous code, so the network runs in the reference evaluator, which does
// not wait; a few million multiplications take it some milliseconds.

/** Hides bits in images. */
export class IssbaEncoder {
  readonly #graph = issbaEncoderGraph();
  readonly #weights: ReferenceFeeds;

  constructor(weights: IssbaWeights) {
    this.#weights = asReference(weights);
  }

  /** @throws InputError (`malformed`, `hostile`, `mismatch`) when the file is no encoder */
  static async read(source: ByteSource): Promise<IssbaEncoder> {
    return new IssbaEncoder(await readHalf(source, 'encoder'));
  }

  /**
   * A copy of the image with the bits in it. The residual is made for the image at 48 pixels, squashed, and stretched to
   * the image's size.
   * @param bits 32 of −1 and 1
   * @param strength factor on the residual
   */
  hide(image: Raster, bits: readonly number[], strength = 1): Raster {
    return addResidual(image, this.residual(image, bits), strength);
  }

  /** What is added to the image at 48 pixels, of values in 0…1: [48, 48, 3]. */
  residual(image: Raster, bits: readonly number[]): Float32Array {
    const { residual } = evaluateNow(this.#graph, {
      ...this.#weights,
      image: imageTensor(image),
      bits: { shape: [1, ISSBA_BITS], data: Float64Array.from(bits) },
    });
    return fromPatches(residual.data);
  }
}

/** A copy of the image with a residual [48, 48, 3] of values in 0…1 stretched to its size, times `strength`, on it. */
export function addResidual({ width, height, data }: Raster, residual: Float32Array, strength = 1): Raster {
  const stretched = stretchBilinear(residual, ISSBA_SIDE, width, height);
  const out = new Uint8ClampedArray(data.length); // rounds and clips what is stored in it
  for (let i = 0; i < out.length; i++) out[i] = data[i] + 255 * strength * stretched[i];
  return raster(width, height, new Uint8Array(out.buffer));
}

/** Finds bits in images: the proof that they are there. No attack needs it. */
export class IssbaDecoder {
  readonly #graph = issbaDecoderGraph();
  readonly #weights: ReferenceFeeds;

  constructor(weights: IssbaWeights) {
    this.#weights = asReference(weights);
  }

  /** @throws InputError (`malformed`, `hostile`, `mismatch`) when the file is no decoder */
  static async read(source: ByteSource): Promise<IssbaDecoder> {
    return new IssbaDecoder(await readHalf(source, 'decoder'));
  }

  /** The 32 bits, −1 and 1, that an image of any size most likely hides. */
  bits(image: Raster): number[] {
    const { logits } = evaluateNow(this.#graph, { ...this.#weights, image: imageTensor(image) });
    return Array.from({ length: ISSBA_BITS }, (_, i) => (logits.data[2 * i + 1] > logits.data[2 * i] ? 1 : -1));
  }
}

/** Both halves. */
export interface IssbaCodec {
  readonly encoder: IssbaEncoder;
  readonly decoder: IssbaDecoder;
}

function imageTensor(image: Raster): ReferenceTensor {
  return { shape: [1, ...issbaImageShape], data: Float64Array.from(issbaPatches(image)) };
}

function asReference(weights: IssbaWeights): ReferenceFeeds {
  const entries = [...weights].map(
    ([name, { shape, data }]) => [name, { shape, data: Float64Array.from(data) }] as const,
  );
  return Object.fromEntries(entries);
}

async function readHalf(source: ByteSource, half: IssbaHalf): Promise<IssbaWeights> {
  const { tensors } = await openSafetensors(source);
  const problems: string[] = [];
  const weights = new Map<string, Tensor>();
  for (const { name, shape } of issbaTensors[half]) {
    const stored = tensors.get(name);
    if (stored === undefined) problems.push(`${name} is missing`);
    else if (!sameShape(stored.shape, shape)) {
      problems.push(`${name} is ${formatShape(stored.shape)} instead of ${formatShape(shape)}`);
    } else {
      const data = await stored.read();
      if (data.every(Number.isFinite)) weights.set(name, { shape, data });
      else problems.push(`${name} holds values that are not finite`);
    }
  }
  const known = new Set(issbaTensors[half].map(({ name }) => name));
  const unknown = [...tensors.keys()].filter((name) => !known.has(name));
  problems.push(...unknown.map((name) => `${JSON.stringify(name.slice(0, 80))} is not part of it`));
  if (problems.length === 0) return weights;
  throw new InputError({
    code: 'mismatch',
    operation: `read the ISSBA ${half} in ${source.name}`,
    expected: `the weights that \`rvpt train-issba\` writes as ${half}.safetensors`,
    received: 'others',
    fix: `\n  ${firstFew(problems, '\n  ')}`,
  });
}
