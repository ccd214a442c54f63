import type { JsonObject } from '../core/json.js';
import type { ClipArchitecture, TowerArchitecture } from './architecture.js';

function tower({ width, layers, heads, mlpWidth, activation, normEpsilon }: TowerArchitecture): JsonObject {
  return {
    hidden_size: width,
    intermediate_size: mlpWidth,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    hidden_act: activation,
    layer_norm_eps: normEpsilon,
  };
}

/** The `config.json` that Hugging Face's CLIPModel reads. Its end-of-text id 2 stands for the highest id of a text. */
export function huggingFaceConfig({ vision, text, embedDim }: ClipArchitecture): JsonObject {
  return {
    model_type: 'clip',
    architectures: ['CLIPModel'],
    projection_dim: embedDim,
    text_config: {
      ...tower(text),
      max_position_embeddings: text.contextLength,
      vocab_size: text.vocabularySize,
      eos_token_id: text.endOfText.kind === 'id' ? text.endOfText.id : 2,
    },
    vision_config: { ...tower(vision), image_size: vision.imageSize, patch_size: vision.patchSize, num_channels: 3 },
  };
}
