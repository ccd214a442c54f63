import { z } from 'zod';

import type { ConfigClaims, TextClaims, VisionClaims } from './config-claims.js';

const size = z.int().min(1).max(1_000_000);
const activation = z.enum(['quick_gelu', 'gelu']);
const epsilon = z.number().min(0).max(1);

// `transformers` leaves out what equals its defaults, so a missing key means the default of CLIPTextConfig …
const textSchema = z.object({
  hidden_size: size.default(512),
  intermediate_size: size.default(2048),
  num_hidden_layers: size.default(12),
  num_attention_heads: size.default(8),
  max_position_embeddings: size.default(77),
  vocab_size: size.default(49408),
  hidden_act: activation.default('quick_gelu'),
  layer_norm_eps: epsilon.default(1e-5),
  eos_token_id: z.int().min(0).default(49407),
});

// … and of CLIPVisionConfig
const visionSchema = z.object({
  hidden_size: size.default(768),
  intermediate_size: size.default(3072),
  num_hidden_layers: size.default(12),
  num_attention_heads: size.default(12),
  image_size: size.default(224),
  patch_size: size.default(32),
  num_channels: z.literal(3).default(3),
  hidden_act: activation.default('quick_gelu'),
  layer_norm_eps: epsilon.default(1e-5),
});

const towersSchema = z.object({ text_config: textSchema, vision_config: visionSchema });

const towerSchema = z.record(z.string(), z.unknown()).nullish();

const configSchema = z.object({
  model_type: z.literal('clip'),
  projection_dim: size.default(512),
  text_config: towerSchema,
  vision_config: towerSchema,
  text_config_dict: towerSchema,
  vision_config_dict: towerSchema,
});

/** Files before 2023 say 2, which no CLIP vocabulary ends texts with; `transformers` then takes the highest id. */
const legacyEndOfTextId = 2;

/** Whether parsed JSON is a `config.json` of a CLIP, as far as its `model_type` says. */
export function isHuggingFaceClip(json: unknown): boolean {
  return configSchema.pick({ model_type: true }).safeParse(json).success;
}

/** @throws z.ZodError listing all that does not fit. */
export function parseHuggingFaceConfig(file: string, json: unknown): ConfigClaims {
  const config = configSchema.parse(json);
  // together, so that all problems are reported at once
  const { text_config, vision_config } = towersSchema.parse({
    text_config: merged(config.text_config, config.text_config_dict, textSchema),
    vision_config: merged(config.vision_config, config.vision_config_dict, visionSchema),
  });
  return {
    file,
    embedDim: config.projection_dim,
    vision: visionClaims(vision_config),
    text: textClaims(text_config),
    notes: [],
  };
}

/** The older `*_config_dict`, where there is one, wins with its defaults over everything it does not say. */
function merged(current: z.infer<typeof towerSchema>, legacy: z.infer<typeof towerSchema>, schema: z.ZodObject) {
  const known = Object.keys(schema.shape);
  if (legacy === null || legacy === undefined) return current ?? {};
  const rest = Object.entries(current ?? {}).filter(([key]) => !known.includes(key));
  return { ...Object.fromEntries(rest), ...legacy };
}

function visionClaims(vision: z.infer<typeof visionSchema>): VisionClaims {
  return {
    width: vision.hidden_size,
    layers: vision.num_hidden_layers,
    heads: vision.num_attention_heads,
    mlpWidth: vision.intermediate_size,
    activation: vision.hidden_act,
    normEpsilon: vision.layer_norm_eps,
    imageSize: vision.image_size,
    patchSize: vision.patch_size,
  };
}

function textClaims(text: z.infer<typeof textSchema>): TextClaims {
  return {
    width: text.hidden_size,
    layers: text.num_hidden_layers,
    heads: text.num_attention_heads,
    mlpWidth: text.intermediate_size,
    activation: text.hidden_act,
    normEpsilon: text.layer_norm_eps,
    contextLength: text.max_position_embeddings,
    vocabularySize: text.vocab_size,
    endOfTextId: text.eos_token_id === legacyEndOfTextId ? undefined : text.eos_token_id,
  };
}
