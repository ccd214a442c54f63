import type { Shape } from '../tensor/shape.js';
import { patchCount, type ClipArchitecture, type TowerArchitecture } from './architecture.js';

/** How OpenAI's CLIP fills a tensor before training. */
export type Initializer =
  | { readonly kind: 'normal'; readonly deviation: number }
  | { readonly kind: 'uniform'; readonly bound: number }
  | { readonly kind: 'constant'; readonly value: number };

/** One weight of a CLIP, under its canonical name. */
export interface TensorSpec {
  readonly name: string;
  readonly shape: Shape;
  readonly initial: Initializer;
}

const zeros: Initializer = { kind: 'constant', value: 0 };
const ones: Initializer = { kind: 'constant', value: 1 };
const normal = (deviation: number): Initializer => ({ kind: 'normal', deviation });
const uniform = (bound: number): Initializer => ({ kind: 'uniform', bound });

interface BlockInitializers {
  readonly attention: Initializer;
  readonly output: Initializer;
  readonly up: Initializer;
  readonly down: Initializer;
}

/**
 * All weights of a CLIP, in canonical order; linear weights are [out, in].
 *
 * Initial scales are those of openai/CLIP `model.py`: the text tower is scaled by depth and width, the vision tower's
 * blocks keep PyTorch's defaults.
 */
export function tensorTable({ vision, text, embedDim }: ClipArchitecture): readonly TensorSpec[] {
  const visionScale = normal(vision.width ** -0.5);
  const pixels = 3 * vision.patchSize ** 2;
  const residual = normal(text.width ** -0.5 * (2 * text.layers) ** -0.5);
  return [
    { name: 'vision.class_embedding', shape: [vision.width], initial: visionScale },
    {
      name: 'vision.patch_embedding.weight',
      shape: [vision.width, 3, vision.patchSize, vision.patchSize],
      initial: uniform(pixels ** -0.5),
    },
    { name: 'vision.position_embedding', shape: [1 + patchCount(vision), vision.width], initial: visionScale },
    ...norm('vision.pre_norm', vision.width),
    ...blocks('vision', vision, {
      attention: uniform(Math.sqrt(6 / (4 * vision.width))), // Xavier over the joint [3 · width, width] matrix
      output: uniform(vision.width ** -0.5),
      up: uniform(vision.width ** -0.5),
      down: uniform(vision.mlpWidth ** -0.5),
    }),
    ...norm('vision.post_norm', vision.width),
    { name: 'vision.projection', shape: [embedDim, vision.width], initial: visionScale },
    { name: 'text.token_embedding', shape: [text.vocabularySize, text.width], initial: normal(0.02) },
    { name: 'text.position_embedding', shape: [text.contextLength, text.width], initial: normal(0.01) },
    ...blocks('text', text, {
      attention: normal(text.width ** -0.5),
      output: residual,
      up: normal((2 * text.width) ** -0.5),
      down: residual,
    }),
    ...norm('text.final_norm', text.width),
    { name: 'text.projection', shape: [embedDim, text.width], initial: normal(text.width ** -0.5) },
    { name: 'logit_scale', shape: [], initial: { kind: 'constant', value: Math.log(1 / 0.07) } },
  ];
}

function norm(name: string, width: number): TensorSpec[] {
  return [
    { name: `${name}.weight`, shape: [width], initial: ones },
    { name: `${name}.bias`, shape: [width], initial: zeros },
  ];
}

function linear(name: string, out: number, width: number, weight: Initializer, bias: Initializer): TensorSpec[] {
  return [
    { name: `${name}.weight`, shape: [out, width], initial: weight },
    { name: `${name}.bias`, shape: [out], initial: bias },
  ];
}

function blocks(
  tower: string,
  { layers, width, mlpWidth }: TowerArchitecture,
  initial: BlockInitializers,
): TensorSpec[] {
  return Array.from({ length: layers }, (_, index) => `${tower}.blocks.${index}`).flatMap((block) => [
    ...norm(`${block}.norm_1`, width),
    ...linear(`${block}.attention.query`, width, width, initial.attention, zeros),
    ...linear(`${block}.attention.key`, width, width, initial.attention, zeros),
    ...linear(`${block}.attention.value`, width, width, initial.attention, zeros),
    ...linear(`${block}.attention.output`, width, width, initial.output, zeros),
    ...norm(`${block}.norm_2`, width),
    ...linear(`${block}.mlp.up`, mlpWidth, width, initial.up, uniform(width ** -0.5)),
    ...linear(`${block}.mlp.down`, width, mlpWidth, initial.down, uniform(mlpWidth ** -0.5)),
  ]);
}
