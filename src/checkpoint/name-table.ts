/** Whose names a checkpoint uses; open_clip writes OpenAI's. */
export type Naming = 'openai' | 'huggingface';

/** What has to be done to a tensor of the file to get the canonical one. */
export type Adjustment =
  | { readonly kind: 'same' }
  /** The file has [in, out]. */
  | { readonly kind: 'transposed' }
  /** The file has queries, keys and values in one tensor, in this order along the first axis. */
  | { readonly kind: 'third'; readonly index: 0 | 1 | 2 }
  /** One element, of whatever shape. */
  | { readonly kind: 'scalar' };

/** A canonical tensor and where each naming keeps it; `{i}` stands for the number of a block. */
export interface NameRule {
  readonly canonical: string;
  readonly openai: string;
  readonly huggingface: string;
  /** For OpenAI's tensor; Hugging Face stores the canonical one as it is. */
  readonly adjustment: Adjustment;
}

type Row = readonly [canonical: string, openai: string, huggingface: string, adjustment?: Adjustment];

const same: Adjustment = { kind: 'same' };
const transposed: Adjustment = { kind: 'transposed' };
const third = (index: 0 | 1 | 2): Adjustment => ({ kind: 'third', index });

// "pre_layrnorm" is how Hugging Face spells it
const outsideBlocks: readonly Row[] = [
  ['vision.class_embedding', 'visual.class_embedding', 'vision_model.embeddings.class_embedding'],
  ['vision.patch_embedding.weight', 'visual.conv1.weight', 'vision_model.embeddings.patch_embedding.weight'],
  ['vision.position_embedding', 'visual.positional_embedding', 'vision_model.embeddings.position_embedding.weight'],
  ['vision.pre_norm.weight', 'visual.ln_pre.weight', 'vision_model.pre_layrnorm.weight'],
  ['vision.pre_norm.bias', 'visual.ln_pre.bias', 'vision_model.pre_layrnorm.bias'],
  ['vision.post_norm.weight', 'visual.ln_post.weight', 'vision_model.post_layernorm.weight'],
  ['vision.post_norm.bias', 'visual.ln_post.bias', 'vision_model.post_layernorm.bias'],
  ['vision.projection', 'visual.proj', 'visual_projection.weight', transposed],
  ['text.token_embedding', 'token_embedding.weight', 'text_model.embeddings.token_embedding.weight'],
  ['text.position_embedding', 'positional_embedding', 'text_model.embeddings.position_embedding.weight'],
  ['text.final_norm.weight', 'ln_final.weight', 'text_model.final_layer_norm.weight'],
  ['text.final_norm.bias', 'ln_final.bias', 'text_model.final_layer_norm.bias'],
  ['text.projection', 'text_projection', 'text_projection.weight', transposed],
  ['logit_scale', 'logit_scale', 'logit_scale', { kind: 'scalar' }],
];

const insideBlocks: readonly Row[] = [
  ['norm_1.weight', 'ln_1.weight', 'layer_norm1.weight'],
  ['norm_1.bias', 'ln_1.bias', 'layer_norm1.bias'],
  ['attention.query.weight', 'attn.in_proj_weight', 'self_attn.q_proj.weight', third(0)],
  ['attention.query.bias', 'attn.in_proj_bias', 'self_attn.q_proj.bias', third(0)],
  ['attention.key.weight', 'attn.in_proj_weight', 'self_attn.k_proj.weight', third(1)],
  ['attention.key.bias', 'attn.in_proj_bias', 'self_attn.k_proj.bias', third(1)],
  ['attention.value.weight', 'attn.in_proj_weight', 'self_attn.v_proj.weight', third(2)],
  ['attention.value.bias', 'attn.in_proj_bias', 'self_attn.v_proj.bias', third(2)],
  ['attention.output.weight', 'attn.out_proj.weight', 'self_attn.out_proj.weight'],
  ['attention.output.bias', 'attn.out_proj.bias', 'self_attn.out_proj.bias'],
  ['norm_2.weight', 'ln_2.weight', 'layer_norm2.weight'],
  ['norm_2.bias', 'ln_2.bias', 'layer_norm2.bias'],
  ['mlp.up.weight', 'mlp.c_fc.weight', 'mlp.fc1.weight'],
  ['mlp.up.bias', 'mlp.c_fc.bias', 'mlp.fc1.bias'],
  ['mlp.down.weight', 'mlp.c_proj.weight', 'mlp.fc2.weight'],
  ['mlp.down.bias', 'mlp.c_proj.bias', 'mlp.fc2.bias'],
];

const towers: readonly Row[] = [
  ['vision.blocks.{i}.', 'visual.transformer.resblocks.{i}.', 'vision_model.encoder.layers.{i}.'],
  ['text.blocks.{i}.', 'transformer.resblocks.{i}.', 'text_model.encoder.layers.{i}.'],
];

/** Every tensor of a ViT CLIP under its three names. */
export const nameRules: readonly NameRule[] = [
  ...outsideBlocks.map(([canonical, openai, huggingface, adjustment = same]) => ({
    canonical,
    openai,
    huggingface,
    adjustment,
  })),
  ...towers.flatMap(([canonical, openai, huggingface]) =>
    insideBlocks.map((row) => ({
      canonical: canonical + row[0],
      openai: openai + row[1],
      huggingface: huggingface + row[2],
      adjustment: row[3] ?? same,
    })),
  ),
];

/** Buffers and constants that say nothing which the weights do not say. */
export const droppedNames: ReadonlySet<string> = new Set([
  'input_resolution',
  'context_length',
  'vocab_size',
  'attn_mask',
  'vision_model.embeddings.position_ids',
  'text_model.embeddings.position_ids',
]);

/** A name with the number of its block apart: `{i}` in the pattern. */
export function splitBlock(name: string): { readonly pattern: string; readonly block: string } {
  const match = /^(.*\b(?:resblocks|layers|blocks)\.)(0|[1-9]\d{0,3})(\..*)$/.exec(name);
  return match === null ? { pattern: name, block: '' } : { pattern: `${match[1]}{i}${match[3]}`, block: match[2] };
}

/** A rule's name for one block. */
export function joinBlock(pattern: string, block: string): string {
  return pattern.replace('{i}', block);
}
