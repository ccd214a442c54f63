import type { JsonObject } from '../core/json.js';
import type { ClipArchitecture, TowerArchitecture } from './architecture.js';

/** What open_clip takes where a config does not say it. */
const DEFAULT_EPSILON = 1e-5;

/**
 * The `model_cfg` of an `open_clip_config.json`. It has one activation for both towers, that of the vision tower, and reads
 * a text at its highest token id.
 */
export function openClipModelConfig({ vision, text, embedDim }: ClipArchitecture): JsonObject {
  return {
    embed_dim: embedDim,
    quick_gelu: vision.activation === 'quick_gelu',
    vision_cfg: {
      image_size: vision.imageSize,
      patch_size: vision.patchSize,
      ...tower(vision),
      head_width: vision.width / vision.heads,
    },
    text_cfg: {
      context_length: text.contextLength,
      vocab_size: text.vocabularySize,
      ...tower(text),
      heads: text.heads,
    },
  };
}

function tower({ width, layers, mlpWidth, normEpsilon }: TowerArchitecture): JsonObject {
  return {
    width,
    layers,
    mlp_ratio: ratio(width, mlpWidth),
    ...(normEpsilon === DEFAULT_EPSILON ? {} : { norm_kwargs: { eps: normEpsilon } }),
  };
}

/** A factor that gives `mlpWidth` when the product with `width` is cut to a whole number, as open_clip does. */
function ratio(width: number, mlpWidth: number): number {
  const exact = mlpWidth / width;
  return Math.floor(width * exact) === mlpWidth ? exact : (mlpWidth + 0.5) / width;
}
