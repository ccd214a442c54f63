import { z } from 'zod';

import type { ConfigClaims } from './config-claims.js';
import { quoted } from './refusal.js';

const size = z.int().min(1).max(1_000_000);
const ratio = z.number().min(0.01).max(100);
const square = z.union([size, z.tuple([size, size]).refine(([height, width]) => height === width, 'not square')]);
/** Settings that change what the model computes, with the values at which they change nothing. */
const off = z.union([z.literal(false), z.null()]).optional();
const normSettings = z.strictObject({ eps: z.number().min(0).max(1).default(1e-5) }).nullish();

const visionSchema = z.object({
  image_size: square.default(224),
  patch_size: square.default(16),
  width: size.default(768),
  layers: size.default(12),
  head_width: size.default(64),
  mlp_ratio: ratio.default(4),
  pool_type: z.literal('tok').optional(),
  pos_embed_type: z.literal('learnable').optional(),
  norm_kwargs: normSettings,
  act_kwargs: z.strictObject({}).nullish(),
  ls_init_value: z.null().optional(),
  timm_model_name: z.null().optional(),
  attentional_pool: off,
  global_average_pool: off,
  final_ln_after_pool: off,
  no_ln_pre: off,
  input_patchnorm: off,
  patch_dropout: z.number().optional(), // while training only
  output_tokens: z.boolean().optional(), // about what is returned
});

const textSchema = z.object({
  context_length: size.default(77),
  vocab_size: size.default(49408),
  width: size.default(512),
  heads: size.default(8),
  layers: size.default(12),
  mlp_ratio: ratio.default(4),
  pool_type: z.literal('argmax').optional(),
  norm_kwargs: normSettings,
  act_kwargs: z.strictObject({}).nullish(),
  ls_init_value: z.null().optional(),
  hf_model_name: z.null().optional(),
  no_causal_mask: off,
  embed_cls: off,
  final_ln_after_pool: off,
  proj_bias: off,
  output_tokens: z.boolean().optional(),
});

const configSchema = z.object({
  model_cfg: z.object({
    embed_dim: size,
    quick_gelu: z.boolean().default(false),
    vision_cfg: z.record(z.string(), z.unknown()),
    text_cfg: z.record(z.string(), z.unknown()),
    custom_text: z.boolean().optional(),
    init_logit_scale: z.number().optional(),
    init_logit_bias: z.null().optional(),
    nonscalar_logit_scale: z.boolean().optional(),
    multimodal_cfg: z.null().optional(),
  }),
});

/** Whether parsed JSON looks like an `open_clip_config.json`. */
export function isOpenClip(json: unknown): boolean {
  return z.object({ model_cfg: z.object({ vision_cfg: z.unknown() }) }).safeParse(json).success;
}

/** @throws z.ZodError listing all that does not fit; settings at which the model would not be CLIP's ViT among them. */
export function parseOpenClipConfig(file: string, json: unknown): ConfigClaims {
  const { model_cfg: model } = configSchema.parse(json);
  const both = z.object({ vision_cfg: visionSchema, text_cfg: textSchema }).parse(model);
  const { vision_cfg: vision, text_cfg: text } = both;
  const activation = model.quick_gelu ? 'quick_gelu' : 'gelu';
  return {
    file,
    embedDim: model.embed_dim,
    vision: {
      width: vision.width,
      layers: vision.layers,
      heads: Math.floor(vision.width / vision.head_width),
      mlpWidth: Math.floor(vision.width * vision.mlp_ratio),
      activation,
      normEpsilon: vision.norm_kwargs?.eps ?? 1e-5,
      imageSize: side(vision.image_size),
      patchSize: side(vision.patch_size),
    },
    text: {
      width: text.width,
      layers: text.layers,
      heads: text.heads,
      mlpWidth: Math.floor(text.width * text.mlp_ratio),
      activation,
      normEpsilon: text.norm_kwargs?.eps ?? 1e-5,
      contextLength: text.context_length,
      vocabularySize: text.vocab_size,
    },
    notes: [...unread('vision_cfg', model.vision_cfg, visionSchema), ...unread('text_cfg', model.text_cfg, textSchema)],
  };
}

function side(value: z.infer<typeof square>): number {
  return typeof value === 'number' ? value : value[0];
}

/** Settings that this package does not know: open_clip gains some with every release, most of them about training. */
function unread(section: string, values: Readonly<Record<string, unknown>>, schema: z.ZodObject): string[] {
  const unknown = Object.keys(values).filter((key) => !Object.hasOwn(schema.shape, key));
  return unknown.map((key) => `the config's ${section} has a setting ${quoted(key)}, which was not taken into account`);
}
