import type { Activation, TowerArchitecture } from './architecture.js';
import type { ClipWeights } from './weights.js';

/** A linear map as the graphs use it: y = x · weight + bias, weight [in, out] row-major, bias [out]. */
export interface LinearArrays {
  readonly inputs: number;
  readonly outputs: number;
  readonly weight: Float32Array;
  readonly bias: Float32Array;
}

/**
 * QuickGELU(x) = x σ(1.702 x) = silu(1.702 x) / 1.702: the factor goes into the layer before the nonlinearity, its
 * inverse into the layer after. The exact GELU has no factor.
 */
const activationFactor: Record<Activation, number> = { quick_gelu: 1.702, gelu: 1 };

/** The linear layers of a residual block; each is folded with what stands in front of and behind it. */
export const blockLinears = ['query', 'key', 'value', 'output', 'up', 'down'] as const;
export type BlockLinear = (typeof blockLinears)[number];

interface Fold {
  readonly path: string;
  /** The layer norm whose gain and bias fold into the layer. */
  readonly norm?: string;
  /** A factor on the layer's inputs. */
  readonly before?: number;
  /** A factor on its outputs. */
  readonly after?: number;
}

function blockFold(which: BlockLinear, tower: TowerArchitecture): Fold {
  const factor = activationFactor[tower.activation];
  switch (which) {
    case 'query':
      return { path: 'attention.query', norm: 'norm_1', after: 1 / Math.sqrt(tower.width / tower.heads) };
    case 'key':
      return { path: 'attention.key', norm: 'norm_1' };
    case 'value':
      return { path: 'attention.value', norm: 'norm_1' };
    case 'output':
      return { path: 'attention.output' };
    case 'up':
      return { path: 'mlp.up', norm: 'norm_2', after: factor };
    case 'down':
      return { path: 'mlp.down', before: 1 / factor };
  }
}

/**
 * y = after · (W (before · (gain ⊙ x + shift)) + b), gathered into one matrix and one bias; sums in float64.
 * @param weight [out, in]
 */
export function foldLinear(
  weight: Float32Array,
  bias: Float32Array | undefined,
  outputs: number,
  options: { gain?: Float32Array; shift?: Float32Array; before?: number; after?: number } = {},
): LinearArrays {
  const { gain, shift, before = 1, after = 1 } = options;
  const inputs = weight.length / outputs;
  const folded = new Float32Array(weight.length);
  const foldedBias = new Float32Array(outputs);
  for (let o = 0; o < outputs; o++) {
    let sum = bias === undefined ? 0 : bias[o];
    for (let i = 0; i < inputs; i++) {
      const w = weight[o * inputs + i] * before;
      folded[i * outputs + o] = after * w * (gain === undefined ? 1 : gain[i]);
      if (shift !== undefined) sum += w * shift[i];
    }
    foldedBias[o] = after * sum;
  }
  return { inputs, outputs, weight: folded, bias: foldedBias };
}

/** Reads and folds one linear layer of `{tower}.blocks.{index}`. */
export async function readBlockLinear(
  weights: ClipWeights,
  towerName: 'vision' | 'text',
  index: number,
  which: BlockLinear,
): Promise<LinearArrays> {
  const tower = weights.architecture[towerName];
  const { path, norm, ...factors } = blockFold(which, tower);
  const block = `${towerName}.blocks.${index}`;
  const bias = await weights.read(`${block}.${path}.bias`);
  const affine =
    norm === undefined
      ? {}
      : { gain: await weights.read(`${block}.${norm}.weight`), shift: await weights.read(`${block}.${norm}.bias`) };
  return foldLinear(await weights.read(`${block}.${path}.weight`), bias, bias.length, { ...affine, ...factors });
}

/** The projection into the shared space, with the layer norm in front of it folded in. */
export async function readProjection(weights: ClipWeights, towerName: 'vision' | 'text'): Promise<LinearArrays> {
  const norm = towerName === 'vision' ? 'vision.post_norm' : 'text.final_norm';
  return foldLinear(await weights.read(`${towerName}.projection`), undefined, weights.architecture.embedDim, {
    gain: await weights.read(`${norm}.weight`),
    shift: await weights.read(`${norm}.bias`),
  });
}
