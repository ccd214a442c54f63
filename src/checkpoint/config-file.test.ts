import { describe, expect, test } from 'vitest';

import { MemoryFolder } from '../../test/support/memory-folder.js';
import { readConfig } from './config-file.js';

const read = (files: Readonly<Record<string, unknown>>, naming: 'openai' | 'huggingface' = 'huggingface') =>
  readConfig(
    new MemoryFolder('m', Object.fromEntries(Object.entries(files).map(([k, v]) => [k, JSON.stringify(v)]))),
    naming,
  );

describe('config.json of Hugging Face', () => {
  test('what is left out is the default of transformers', async () => {
    const { config } = await read({ 'config.json': { model_type: 'clip', vision_config: { patch_size: 16 } } });
    expect(config).toEqual({
      file: 'config.json',
      embedDim: 512,
      vision: {
        width: 768,
        layers: 12,
        heads: 12,
        mlpWidth: 3072,
        activation: 'quick_gelu',
        normEpsilon: 1e-5,
        imageSize: 224,
        patchSize: 16,
      },
      text: {
        width: 512,
        layers: 12,
        heads: 8,
        mlpWidth: 2048,
        activation: 'quick_gelu',
        normEpsilon: 1e-5,
        contextLength: 77,
        vocabularySize: 49408,
        endOfTextId: 49407,
      },
      notes: [],
    });
  });

  test('an end-of-text id of 2 means the highest id', async () => {
    const { config } = await read({ 'config.json': { model_type: 'clip', text_config: { eos_token_id: 2 } } });
    expect(config?.text.endOfTextId).toBeUndefined();
  });

  test('the older text_config_dict wins, with its defaults over what it leaves out', async () => {
    const { config } = await read({
      'config.json': {
        model_type: 'clip',
        text_config: { hidden_size: 640, num_attention_heads: 10 },
        text_config_dict: { hidden_size: 768 },
        vision_config: { hidden_size: 640 },
        vision_config_dict: null,
      },
    });
    expect(config?.text).toMatchObject({ width: 768, heads: 8 });
    expect(config?.vision.width).toBe(640);
  });

  test('all that cannot be followed is listed at once', async () => {
    const config = {
      model_type: 'clip',
      text_config: { hidden_act: 'relu' },
      vision_config: { num_channels: 4, patch_size: 0 },
    };
    await expect(read({ 'config.json': config })).rejects.toThrow(
      /text_config\.hidden_act.*vision_config\.patch_size.*vision_config\.num_channels/,
    );
  });

  test('of another model is passed over with a note', async () => {
    const { config, notes } = await read({ 'config.json': { model_type: 'siglip' } });
    expect(config).toBeUndefined();
    expect(notes).toEqual(['config.json is not the config of a CLIP and was not read']);
  });
});

describe('open_clip_config.json', () => {
  const model = {
    embed_dim: 640,
    vision_cfg: { width: 896, layers: 14, head_width: 64, mlp_ratio: 4, patch_size: 14, image_size: [240, 240] },
    text_cfg: { width: 640, heads: 10, layers: 12 },
  };

  test('sizes, head width and the exact GELU by default', async () => {
    const { config } = await read({ 'open_clip_config.json': { model_cfg: model } }, 'openai');
    expect(config).toMatchObject({
      embedDim: 640,
      vision: {
        width: 896,
        layers: 14,
        heads: 14,
        mlpWidth: 3584,
        activation: 'gelu',
        imageSize: 240,
        patchSize: 14,
        normEpsilon: 1e-5,
      },
      text: {
        width: 640,
        layers: 12,
        heads: 10,
        mlpWidth: 2560,
        activation: 'gelu',
        contextLength: 77,
        vocabularySize: 49408,
      },
    });
    const quick = await read({ 'open_clip_config.json': { model_cfg: { ...model, quick_gelu: true } } }, 'openai');
    expect(quick.config?.vision.activation).toBe('quick_gelu');
  });

  test('settings that make it another model are refused by name, all at once', async () => {
    const changed = {
      ...model,
      vision_cfg: { ...model.vision_cfg, timm_model_name: 'vit_base', attentional_pool: true },
      text_cfg: { ...model.text_cfg, no_causal_mask: true, pool_type: 'last' },
    };
    await expect(read({ 'open_clip_config.json': { model_cfg: changed } }, 'openai')).rejects.toThrow(
      /timm_model_name.*attentional_pool.*text_cfg\.pool_type.*no_causal_mask/,
    );
    const resnet = { ...model, vision_cfg: { ...model.vision_cfg, layers: [3, 4, 6, 3] } };
    await expect(read({ 'open_clip_config.json': { model_cfg: resnet } }, 'openai')).rejects.toThrow(
      /vision_cfg\.layers/,
    );
  });

  test('settings of the future are noted, and those about training are not', async () => {
    const vision = { ...model.vision_cfg, patch_dropout: 0.5, rotary: false };
    const { config } = await read(
      { 'open_clip_config.json': { model_cfg: { ...model, vision_cfg: vision } } },
      'openai',
    );
    expect(config?.notes).toEqual([
      'the config\'s vision_cfg has a setting "rotary", which was not taken into account',
    ]);
  });
});

test('each naming prefers the config of its own family and takes the other', async () => {
  const files = {
    'config.json': { model_type: 'clip', projection_dim: 1 },
    'open_clip_config.json': { model_cfg: { embed_dim: 2, vision_cfg: {}, text_cfg: {} } },
  };
  expect((await read(files, 'huggingface')).config?.embedDim).toBe(1);
  expect((await read(files, 'openai')).config?.embedDim).toBe(2);
  expect((await read({ 'config.json': files['config.json'] }, 'openai')).config?.embedDim).toBe(1);
  expect(await read({}, 'openai')).toEqual({ config: undefined, notes: [] });
});
