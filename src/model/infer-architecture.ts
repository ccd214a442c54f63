import type { Checkpoint } from '../checkpoint/checkpoint.js';
import { listed, quoted, refuse } from '../checkpoint/refusal.js';
import { formatShape, type Shape } from '../tensor/shape.js';
import type { Activation, ClipArchitecture, EndOfText, TowerArchitecture } from './architecture.js';

/** What a person knows of a model that its shapes cannot tell; wins over a config file. */
export interface ArchitectureOptions {
  readonly visionHeads?: number | undefined;
  readonly textHeads?: number | undefined;
  readonly activation?: Activation | undefined;
}

export interface InferredArchitecture {
  readonly architecture: ClipArchitecture;
  /** What neither shapes nor a config say, and what was taken instead: sentences for a person. */
  readonly assumptions: readonly string[];
}

/** OpenAI's convention. */
const headWidth = 64;
const maximumLayers = 1_000;

/**
 * The architecture of a checkpoint: sizes from shapes, the rest from options, then the config beside the weights, then
 * OpenAI's conventions, each of which is said aloud.
 * @throws InputError (`mismatch`) when config and shapes disagree, listing all that does; (`unsupported`) when a head
 * count has to be told; (`malformed`) when the tensors that tell the sizes are missing or have the wrong rank.
 */
export function inferArchitecture(checkpoint: Checkpoint, options: ArchitectureOptions = {}): InferredArchitecture {
  const sizes = readSizes(checkpoint);
  refuseDisagreement(checkpoint, sizes);
  const assumptions = [...checkpoint.notes];
  const { config } = checkpoint;
  const towerOf = (tower: 'vision' | 'text', requestedHeads: number | undefined): TowerArchitecture => {
    const { width, layers, mlpWidth } = sizes[tower];
    let heads = requestedHeads ?? config?.[tower].heads;
    if (heads === undefined) {
      heads = width / headWidth;
      assumptions.push(
        `${tower} heads ${heads}: width ${width} over ${headWidth}, as in OpenAI's models (shapes cannot tell)`,
      );
    }
    if (!Number.isInteger(heads) || heads < 1 || width % heads !== 0)
      throw headsUnknown(checkpoint.name, tower, width, heads);
    const activation = options.activation ?? config?.[tower].activation ?? 'quick_gelu';
    return { width, layers, heads, mlpWidth, activation, normEpsilon: config?.[tower].normEpsilon ?? 1e-5 };
  };
  const { patchSize, imageSize } = sizes.vision;
  const { contextLength, vocabularySize } = sizes.text;
  const endOfTextId = config?.text.endOfTextId;
  const endOfText: EndOfText = endOfTextId === undefined ? { kind: 'argmax' } : { kind: 'id', id: endOfTextId };
  const architecture = {
    vision: { ...towerOf('vision', options.visionHeads), patchSize, imageSize },
    text: { ...towerOf('text', options.textHeads), contextLength, vocabularySize, endOfText },
    embedDim: sizes.embedDim,
  };
  if (config === undefined) {
    if (options.activation === undefined) {
      assumptions.push(
        "activation quick_gelu, as in OpenAI's models (many of open_clip's have gelu: shapes cannot tell)",
      );
    }
    assumptions.push("layer norm epsilon 1e-5 and texts that end at their highest token id, as in OpenAI's models");
  }
  return { architecture, assumptions };
}

interface TowerSizes {
  readonly width: number;
  readonly layers: number;
  readonly mlpWidth: number;
}

interface Sizes {
  readonly vision: TowerSizes & { readonly patchSize: number; readonly imageSize: number };
  readonly text: TowerSizes & { readonly contextLength: number; readonly vocabularySize: number };
  readonly embedDim: number;
}

function readSizes(checkpoint: Checkpoint): Sizes {
  const problems: string[] = [];
  const shapeOf = (name: string, rank: number): Shape => {
    const shape = checkpoint.tensors.get(name)?.shape;
    if (shape?.length === rank && shape.every((length) => length > 0)) return shape;
    problems.push(
      `${quoted(checkpoint.fileName(name))} ${shape === undefined ? 'missing' : `of shape ${formatShape(shape)}`}`,
    );
    return new Array<number>(rank).fill(1);
  };
  const towerOf = (tower: 'vision' | 'text', width: number): TowerSizes => ({
    width,
    layers: countLayers(checkpoint, tower),
    mlpWidth: shapeOf(`${tower}.blocks.0.mlp.up.weight`, 2)[0],
  });
  const [visionWidth, channels, patchSize, patchWidth] = shapeOf('vision.patch_embedding.weight', 4);
  const [tokens] = shapeOf('vision.position_embedding', 2);
  const [contextLength] = shapeOf('text.position_embedding', 2);
  const [vocabularySize, textWidth] = shapeOf('text.token_embedding', 2);
  const [embedDim] = shapeOf('vision.projection', 2);
  const vision = towerOf('vision', visionWidth);
  const text = towerOf('text', textWidth);
  if (problems.length > 0) {
    throw refuse('malformed', checkpoint.name, {
      expected: 'the tensors that tell the sizes of a CLIP',
      received: listed([
        ...problems,
        ...checkpoint.unfit,
        ...checkpoint.unknown.map((name) => `unknown ${quoted(name)}`),
      ]),
      fix: 'The checkpoint is incomplete, or not of the original CLIP architecture.',
    });
  }
  const grid = Math.round(Math.sqrt(tokens - 1));
  if (grid < 1 || grid ** 2 !== tokens - 1 || channels !== 3 || patchSize !== patchWidth) {
    throw refuse('unsupported', checkpoint.name, {
      expected: 'square images of 3 channels in square patches, and a class token',
      received: `${channels} channels, patches of ${patchSize} by ${patchWidth}, ${tokens} tokens`,
    });
  }
  return {
    vision: { ...vision, patchSize, imageSize: grid * patchSize },
    text: { ...text, contextLength, vocabularySize },
    embedDim,
  };
}

/** One more than the highest block number; a number in between that is absent is reported with the missing tensors. */
function countLayers(checkpoint: Checkpoint, tower: string): number {
  let layers = 0;
  for (const name of checkpoint.tensors.keys()) {
    const block = new RegExp(`^${tower}\\.blocks\\.(\\d+)\\.`).exec(name);
    if (block !== null) layers = Math.max(layers, Number(block[1]) + 1);
  }
  if (layers <= maximumLayers) return layers;
  throw refuse('unsupported', checkpoint.name, {
    expected: `at most ${maximumLayers} ${tower} blocks`,
    received: `one numbered ${layers - 1}`,
  });
}

function refuseDisagreement({ name, config }: Checkpoint, sizes: Sizes): void {
  if (config === undefined) return;
  const rows: readonly (readonly [string, number | undefined, number])[] = [
    ['image size', config.vision.imageSize, sizes.vision.imageSize],
    ['patch size', config.vision.patchSize, sizes.vision.patchSize],
    ['vision width', config.vision.width, sizes.vision.width],
    ['vision layers', config.vision.layers, sizes.vision.layers],
    ['vision MLP width', config.vision.mlpWidth, sizes.vision.mlpWidth],
    ['text width', config.text.width, sizes.text.width],
    ['text layers', config.text.layers, sizes.text.layers],
    ['text MLP width', config.text.mlpWidth, sizes.text.mlpWidth],
    ['context length', config.text.contextLength, sizes.text.contextLength],
    ['vocabulary size', config.text.vocabularySize, sizes.text.vocabularySize],
    ['embedding dimension', config.embedDim, sizes.embedDim],
  ];
  const wrong = rows.filter(([, claimed, found]) => claimed !== undefined && claimed !== found);
  if (wrong.length === 0) return;
  throw refuse('mismatch', name, {
    expected: `weights as ${config.file} says (${wrong.map(([what, claimed]) => `${what} ${claimed ?? ''}`).join(', ')})`,
    received: wrong.map(([what, , found]) => `${what} ${found}`).join(', '),
    fix: 'If the config belongs to another model, move the weights to a folder of their own.',
  });
}

function headsUnknown(file: string, tower: string, width: number, heads: number): Error {
  return refuse('unsupported', file, {
    expected: `a number of ${tower} heads that divides the width ${width}`,
    received: `${heads}`,
    fix: `Shapes cannot tell it: set the ${tower} heads, or put the model's config beside the weights.`,
  });
}
