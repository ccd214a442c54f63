import type { Checkpoint } from '../checkpoint/checkpoint.js';
import type { DType } from '../checkpoint/lazy-tensor.js';
import type { Activation, ClipArchitecture } from './architecture.js';
import type { ArchitectureOptions } from './infer-architecture.js';
import { loadWeights } from './load-weights.js';
import { countParameters, type ParameterCounts } from './weights.js';

/** One tower under the keys of {@link InspectReport}. */
export interface TowerReport {
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  readonly mlp_width: number;
  readonly activation: Activation;
}

/** What `rvpt inspect --json` prints; scripts rely on these keys. */
export interface InspectReport {
  readonly format: string;
  readonly files: readonly string[];
  readonly architecture: {
    readonly vision: TowerReport & { readonly image_size: number; readonly patch_size: number };
    readonly text: TowerReport & {
      readonly context_length: number;
      readonly vocabulary_size: number;
      /** The id of the token that ends a text, or `argmax` for the highest id of the sequence. */
      readonly end_of_text: number | 'argmax';
    };
    readonly embed_dim: number;
  };
  readonly parameters: ParameterCounts;
  /** Of the weight file; of shards, of what `sha256sum` prints for them. */
  readonly sha256: string;
  /** How many tensors are stored in each element type. */
  readonly dtypes: Readonly<Partial<Record<DType, number>>>;
  readonly assumptions: readonly string[];
  /** Tensors with values that are not finite. */
  readonly nan_tensors: readonly { readonly name: string; readonly not_finite: number; readonly elements: number }[];
  /** Matrices whose elements are all the same, which no training leaves behind. */
  readonly constant_tensors: readonly string[];
}

/**
 * Describes a checkpoint, reading all of it, one tensor at a time.
 * @throws InputError as `loadWeights` does.
 */
export async function inspectCheckpoint(
  checkpoint: Checkpoint,
  options: ArchitectureOptions = {},
): Promise<InspectReport> {
  const { weights, assumptions } = loadWeights(checkpoint, options);
  return {
    format: checkpoint.format,
    files: checkpoint.files,
    architecture: describeArchitecture(weights.architecture),
    parameters: countParameters(weights.architecture),
    sha256: await checkpoint.sha256(),
    dtypes: countTypes(checkpoint),
    assumptions,
    ...(await findDegenerate(checkpoint)),
  };
}

/** An architecture under the keys that reports and records use. */
export function describeArchitecture({ vision, text, embedDim }: ClipArchitecture): InspectReport['architecture'] {
  const { endOfText } = text;
  return {
    vision: { image_size: vision.imageSize, patch_size: vision.patchSize, ...towerReport(vision) },
    text: {
      context_length: text.contextLength,
      vocabulary_size: text.vocabularySize,
      ...towerReport(text),
      end_of_text: endOfText.kind === 'id' ? endOfText.id : 'argmax',
    },
    embed_dim: embedDim,
  };
}

function towerReport(tower: TowerReportSource): TowerReport {
  const { width, layers, heads, mlpWidth, activation } = tower;
  return { width, layers, heads, mlp_width: mlpWidth, activation };
}

type TowerReportSource = Omit<TowerReport, 'mlp_width'> & { readonly mlpWidth: number };

function countTypes({ tensors }: Checkpoint): Partial<Record<DType, number>> {
  const counts: Partial<Record<DType, number>> = {};
  for (const { dtype } of tensors.values()) counts[dtype] = (counts[dtype] ?? 0) + 1;
  return counts;
}

async function findDegenerate({
  tensors,
}: Checkpoint): Promise<Pick<InspectReport, 'nan_tensors' | 'constant_tensors'>> {
  const nanTensors: { name: string; not_finite: number; elements: number }[] = [];
  const constantTensors: string[] = [];
  for (const [name, tensor] of tensors) {
    const values = await tensor.read();
    let notFinite = 0;
    for (const value of values) if (!Number.isFinite(value)) notFinite += 1;
    if (notFinite > 0) nanTensors.push({ name, not_finite: notFinite, elements: values.length });
    else if (tensor.shape.length > 1 && values.every((value) => value === values[0])) constantTensors.push(name);
  }
  return { nan_tensors: nanTensors, constant_tensors: constantTensors };
}
