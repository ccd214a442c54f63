import type { Activation, ClipArchitecture } from './architecture.js';
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

/** One linear layer of the graphs, told by the weights that fold into it. */
export interface LinearFold {
  /** Names the layer in a graph. */
  readonly name: string;
  readonly inputs: number;
  readonly outputs: number;
  /** The matrix [out, in], or a kernel [out, …] whose other axes multiply to `in`. */
  readonly weight: string;
  readonly bias?: string;
  /** The layer norm whose gain and bias fold into the layer. */
  readonly norm?: string;
  /** A factor on the layer's inputs. */
  readonly before?: number;
  /** A factor on its outputs. */
  readonly after?: number;
}

export type TowerName = 'vision' | 'text';

/** A linear layer of `{tower}.blocks.{index}`. */
export function blockFold(
  architecture: ClipArchitecture,
  towerName: TowerName,
  index: number,
  which: BlockLinear,
): LinearFold {
  const tower = architecture[towerName];
  const { width, mlpWidth } = tower;
  const factor = activationFactor[tower.activation];
  const block = `${towerName}.blocks.${index}`;
  const fold = (path: string, options: { norm?: string; before?: number; after?: number } = {}): LinearFold => ({
    name: `${towerName}.${index}.${which}`,
    inputs: which === 'down' ? mlpWidth : width,
    outputs: which === 'up' ? mlpWidth : width,
    weight: `${block}.${path}.weight`,
    bias: `${block}.${path}.bias`,
    ...options,
  });
  switch (which) {
    case 'query':
      return fold('attention.query', { norm: `${block}.norm_1`, after: 1 / Math.sqrt(width / tower.heads) });
    case 'key':
      return fold('attention.key', { norm: `${block}.norm_1` });
    case 'value':
      return fold('attention.value', { norm: `${block}.norm_1` });
    case 'output':
      return fold('attention.output');
    case 'up':
      return fold('mlp.up', { norm: `${block}.norm_2`, after: factor });
    case 'down':
      return fold('mlp.down', { before: 1 / factor });
  }
}

/** The projection into the shared space, with the layer norm in front of it. */
export function projectionFold(architecture: ClipArchitecture, towerName: TowerName): LinearFold {
  return {
    name: `${towerName}.projection`,
    inputs: architecture[towerName].width,
    outputs: architecture.embedDim,
    weight: `${towerName}.projection`,
    norm: towerName === 'vision' ? 'vision.post_norm' : 'text.final_norm',
  };
}

/** The patch embedding: a convolution whose stride is its kernel is one product over cut-out patches. */
export function patchFold({ vision }: ClipArchitecture): LinearFold {
  return {
    name: 'vision.patch_embedding',
    inputs: 3 * vision.patchSize ** 2,
    outputs: vision.width,
    weight: 'vision.patch_embedding.weight',
  };
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

/** Reads and folds one linear layer. */
export async function readLinear(weights: ClipWeights, fold: LinearFold): Promise<LinearArrays> {
  const { outputs, weight, bias, norm, before, after } = fold;
  const affine =
    norm === undefined ? {} : { gain: await weights.read(`${norm}.weight`), shift: await weights.read(`${norm}.bias`) };
  return foldLinear(await weights.read(weight), bias === undefined ? undefined : await weights.read(bias), outputs, {
    ...affine,
    ...(before === undefined ? {} : { before }),
    ...(after === undefined ? {} : { after }),
  });
}
