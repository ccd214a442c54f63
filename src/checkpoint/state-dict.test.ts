import { describe, expect, test } from 'vitest';

import { inFile, stateDictOf } from '../../test/support/named-tensor.js';
import { MemoryBytes } from '../core/bytes.js';
import { sizeOf, type Shape } from '../tensor/shape.js';
import type { DType } from './lazy-tensor.js';
import { nameRules } from './name-table.js';
import { fileName, translate, untranslate } from './state-dict.js';
import { StoredTensor } from './stored-tensor.js';

/** A float32 tensor with the values 0, 1, 2, … */
function counting(shape: Shape, dtype: DType = 'float32'): StoredTensor {
  const data = Float32Array.from({ length: sizeOf(shape) }, (_, index) => index);
  const source = new MemoryBytes('m', new Uint8Array(data.buffer));
  return StoredTensor.contiguous({ source, byteOffset: 0, length: data.length, dtype }, shape);
}

/** The least that is taken for a CLIP of each naming. */
const openai = { 'visual.proj': counting([2, 3]), 'token_embedding.weight': counting([1, 1]) };
const translateAll = (tensors: Readonly<Record<string, StoredTensor>>) =>
  translate('m', new Map(Object.entries(tensors)));
const valuesOf = async (translation: ReturnType<typeof translate>, name: string) => [
  ...((await translation.tensors.get(name)?.read()) ?? []),
];

describe('OpenAI names', () => {
  test('a joint tensor is queries, keys, values in this order', async () => {
    const found = translateAll({
      ...openai,
      'visual.transformer.resblocks.11.attn.in_proj_weight': counting([6, 2]),
      'transformer.resblocks.0.attn.in_proj_bias': counting([3]),
    });
    expect(await valuesOf(found, 'vision.blocks.11.attention.query.weight')).toEqual([0, 1, 2, 3]);
    expect(await valuesOf(found, 'vision.blocks.11.attention.key.weight')).toEqual([4, 5, 6, 7]);
    expect(await valuesOf(found, 'vision.blocks.11.attention.value.weight')).toEqual([8, 9, 10, 11]);
    expect(await valuesOf(found, 'text.blocks.0.attention.value.bias')).toEqual([2]);
  });

  test('projections are transposed to [out, in]', async () => {
    const found = translateAll(openai);
    expect(found.tensors.get('vision.projection')?.shape).toEqual([3, 2]);
    expect(await valuesOf(found, 'vision.projection')).toEqual([0, 3, 1, 4, 2, 5]);
  });

  test('constants and buffers are dropped; what no CLIP has, or not so, is listed', () => {
    const found = translateAll({
      ...openai,
      input_resolution: counting([], 'int64'),
      context_length: counting([]),
      vocab_size: counting([]),
      attn_mask: counting([2, 2]),
      logit_bias: counting([]),
      'visual.transformer.resblocks.01.ln_1.bias': counting([1]),
      'transformer.resblocks.0.attn.in_proj_weight': counting([7, 2]),
      'visual.ln_pre.bias': counting([4], 'int8'),
    });
    expect(found.unknown).toEqual(['logit_bias', 'visual.transformer.resblocks.01.ln_1.bias']);
    expect(found.unfit).toEqual([
      '"transformer.resblocks.0.attn.in_proj_weight" of shape [7, 2] cannot be queries, keys and values',
      '"visual.ln_pre.bias" is int8, not floating point',
    ]);
  });

  test('a prefixed text tower loses its prefix, but never over another tensor', () => {
    const found = translateAll({
      'visual.proj': counting([2, 3]),
      'text.token_embedding.weight': counting([1, 1]),
      'text.ln_final.bias': counting([1]),
      'text.positional_embedding': counting([1, 1]),
      positional_embedding: counting([2, 2]),
    });
    expect(found.prefixedText).toBe(true);
    expect([...found.tensors.keys()].sort()).toEqual([
      'text.final_norm.bias',
      'text.position_embedding',
      'text.token_embedding',
      'vision.projection',
    ]);
    expect(found.unknown).toEqual(['text.positional_embedding']);
  });
});

test('Hugging Face names are taken as they are', async () => {
  const found = translateAll({
    'vision_model.pre_layrnorm.weight': counting([2]),
    'vision_model.encoder.layers.3.self_attn.k_proj.weight': counting([2, 2]),
    'visual_projection.weight': counting([2, 3]),
    'text_model.embeddings.position_ids': counting([1, 2], 'int64'),
    'text_model.final_layer_norm.bias': counting([1]),
    'vision_model.head.probe': counting([1]),
  });
  expect(found.naming).toBe('huggingface');
  expect([...found.tensors.keys()]).toEqual([
    'vision.pre_norm.weight',
    'vision.blocks.3.attention.key.weight',
    'vision.projection',
    'text.final_norm.bias',
  ]);
  expect(await valuesOf(found, 'vision.projection')).toEqual([0, 1, 2, 3, 4, 5]);
  expect(found.unknown).toEqual(['vision_model.head.probe']);
});

test.each([
  [
    'ResNet towers',
    { 'visual.layer1.0.conv1.weight': counting([1]), 'token_embedding.weight': counting([1]) },
    /ResNet/,
  ],
  ['a bare ResNet', { 'attnpool.positional_embedding': counting([1]) }, /ResNet/],
  ['a vision tower', { 'visual.proj': counting([2, 3]) }, /without a text tower.*vision tower alone/],
  ['a vision tower of Hugging Face', { 'vision_model.post_layernorm.bias': counting([1]) }, /without a text tower/],
  [
    'a bare vision tower',
    { 'conv1.weight': counting([1]), 'transformer.resblocks.0.ln_1.bias': counting([1]) },
    /state dict of a vision tower/,
  ],
  ['a text tower', { 'token_embedding.weight': counting([1, 1]) }, /text tower without a vision tower/],
  [
    'a text tower of Hugging Face',
    { 'text_model.final_layer_norm.bias': counting([1]) },
    /text tower without a vision tower/,
  ],
  ['another model', { 'bert.embeddings': counting([1]), a: counting([1]) }, /another model \("bert.embeddings", "a"\)/],
  ['nothing', {}, /another model/],
])('%s alone is unsupported', (_, tensors, message) => {
  expect(() => translateAll(tensors)).toThrow(message);
});

describe('writing names is the inverse of reading them', () => {
  const canonical = new Map(
    nameRules.map(({ canonical, adjustment }, index) => {
      const shape = adjustment.kind === 'scalar' ? [] : adjustment.kind === 'transposed' ? [2, 3] : [2, 2];
      const data = Float32Array.from({ length: sizeOf(shape) }, (_, at) => index * 10 + at);
      return [canonical.replace('{i}', '4'), { shape, data }];
    }),
  );
  test.each(['openai', 'huggingface'] as const)('%s', async (naming) => {
    const written = await stateDictOf(canonical, naming);
    const found = translate('m', new Map([...written].map(([name, tensor]) => [name, inFile(tensor)])));
    expect(found).toMatchObject({ naming, unknown: [], unfit: [] });
    expect([...found.tensors.keys()].sort()).toEqual([...canonical.keys()].sort());
    for (const [name, { shape, data }] of canonical) {
      expect(found.tensors.get(name)?.shape).toEqual(shape);
      expect(await found.tensors.get(name)?.read(), name).toEqual(data);
      expect(written.has(fileName(name, naming)), name).toBe(true);
    }
  });

  test('a joint tensor needs all three parts', () => {
    const part = inFile({ shape: [1], data: new Float32Array(1) });
    const parts = new Map([
      ['text.blocks.0.attention.query.bias', part],
      ['text.blocks.0.attention.value.bias', part],
    ]);
    expect(() => untranslate(parts, 'openai')).toThrow(
      '"transformer.resblocks.0.attn.in_proj_bias" needs a query, a key',
    );
    expect(() => untranslate(new Map([['visual.proj', part]]), 'openai')).toThrow(
      '"visual.proj" is not a canonical name',
    );
  });
});
