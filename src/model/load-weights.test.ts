import { describe, expect, test } from 'vitest';

import { CountingBytes, MemoryFolder } from '../../test/support/memory-folder.js';
import { tinyArchitecture, tinyHeads, tinyStateDict } from '../../test/support/tiny-clip.js';
import type { NamedTensor } from '../../test/support/named-tensor.js';
import { writeTorchZip } from '../../test/support/write-torch.js';
import { openCheckpoint } from '../checkpoint/checkpoint.js';
import { fileName } from '../checkpoint/state-dict.js';
import { sizeOf } from '../tensor/shape.js';
import { namedArchitectures } from './architecture.js';
import { loadWeights } from './load-weights.js';
import { tensorTable } from './tensor-table.js';
import type { ArchitectureOptions } from './infer-architecture.js';

const sha256 = () => Promise.resolve('');

async function load(tensors: Map<string, NamedTensor>, options: ArchitectureOptions = tinyHeads, config?: unknown) {
  const files = {
    'a.pt': writeTorchZip(tensors),
    ...(config === undefined ? {} : { 'config.json': JSON.stringify(config) }),
  };
  const checkpoint = await openCheckpoint(new MemoryFolder('m', files), { file: 'a.pt', sha256 });
  return loadWeights(checkpoint, options);
}

const tensor = (...shape: number[]): NamedTensor => ({ shape, data: new Float32Array(sizeOf(shape)) });

test('a whole checkpoint has the architecture that it was made from', async () => {
  const { weights } = await load(await tinyStateDict('openai'));
  expect(weights.architecture).toEqual(tinyArchitecture);
  await expect(weights.read('vision.blocks.9.norm_1.bias')).rejects.toThrow(RangeError);
});

describe('what does not fit', () => {
  test('missing, unknown and misshapen tensors are one error, by the names of the file', async () => {
    const tensors = await tinyStateDict('openai');
    tensors.delete('visual.transformer.resblocks.0.attn.in_proj_bias');
    tensors.delete('ln_final.weight');
    tensors.set('visual.trunk', tensor(1));
    tensors.set('text_projection', tensor(6, 5));
    tensors.set('transformer.resblocks.0.mlp.c_fc.bias', tensor(11));
    const loading = load(tensors);
    await expect(loading).rejects.toMatchObject({ code: 'mismatch' });
    await expect(loading).rejects.toThrow(
      'missing: "visual.transformer.resblocks.0.attn.in_proj_bias", "ln_final.weight"; unknown: "visual.trunk"; ' +
        'of the wrong shape: text.blocks.0.mlp.up.bias is [11] instead of [10], text.projection is [5, 6] instead of [4, 6]',
    );
  });

  test('a block that is missing in the middle, and a long list cut short', async () => {
    const tensors = await tinyStateDict('openai');
    for (const [name, value] of [...tensors]) {
      if (name.startsWith('visual.transformer.resblocks.0.')) tensors.set(name.replace('.0.', '.2.'), value);
    }
    // block 2 is there, the 12 tensors of block 1 are not
    await expect(load(tensors)).rejects.toThrow(/missing: "visual\.transformer\.resblocks\.1\.ln_1\.weight"/);
    for (let i = 0; i < 30; i++) tensors.set(`extra.${i}`, tensor(1));
    await expect(load(tensors)).rejects.toThrow(/"extra\.11" and 18 more/);
  });

  test('tensors that tell the sizes', async () => {
    const tensors = await tinyStateDict('openai');
    tensors.delete('visual.conv1.weight');
    tensors.set('positional_embedding', tensor(5));
    await expect(load(tensors)).rejects.toThrow('"visual.conv1.weight" missing, "positional_embedding" of shape [5]');
    const oblong = await tinyStateDict('openai');
    oblong.set('visual.positional_embedding', tensor(7, 8));
    await expect(load(oblong)).rejects.toThrow(/square.*7 tokens/);
  });

  test('a number of blocks that would take all memory', async () => {
    const tensors = await tinyStateDict('openai');
    tensors.set('visual.transformer.resblocks.9999.ln_1.bias', tensor(8));
    await expect(load(tensors)).rejects.toThrow(/at most 1000 vision blocks.*9999/);
  });
});

describe('what shapes cannot tell', () => {
  test('heads of a width that is not a multiple of 64 must be told', async () => {
    await expect(load(await tinyStateDict('openai'), {})).rejects.toThrow(
      /vision heads.*8, got 0\.125.*set the vision heads/,
    );
    await expect(load(await tinyStateDict('openai'), { visionHeads: 3, textHeads: 1 })).rejects.toThrow(
      /divides the width 8, got 3/,
    );
  });

  const config = {
    model_type: 'clip',
    projection_dim: 4,
    text_config: {
      hidden_size: 6,
      intermediate_size: 10,
      num_hidden_layers: 1,
      num_attention_heads: 3,
      max_position_embeddings: 5,
      vocab_size: 9,
      eos_token_id: 8,
      hidden_act: 'gelu',
      layer_norm_eps: 1e-6,
    },
    vision_config: {
      hidden_size: 8,
      intermediate_size: 12,
      num_hidden_layers: 1,
      num_attention_heads: 2,
      image_size: 4,
      patch_size: 2,
    },
  };

  test('a config beside the file tells it, and options win over the config', async () => {
    const { weights, assumptions } = await load(await tinyStateDict('openai'), { visionHeads: 4 }, config);
    expect(weights.architecture.vision.heads).toBe(4);
    expect(weights.architecture.text).toMatchObject({
      heads: 3,
      activation: 'gelu',
      normEpsilon: 1e-6,
      endOfText: { kind: 'id', id: 8 },
    });
    expect(assumptions).toEqual([]);
  });

  test('a config that disagrees with the shapes is refused, with everything that differs', async () => {
    const other = { ...config, projection_dim: 5, vision_config: { ...config.vision_config, image_size: 8 } };
    await expect(load(await tinyStateDict('openai'), {}, other)).rejects.toThrow(
      'weights as config.json says (image size 8, embedding dimension 5), got image size 4, embedding dimension 4',
    );
  });
});

test('opening reads the header alone, loading each byte once, and never more than a tensor at a time', async () => {
  // ViT-B/32 at its real size: 605 MB that exist nowhere
  const table = tensorTable(namedArchitectures['vit-b-32']);
  const entries: Record<string, unknown> = {};
  let position = 0;
  for (const { name, shape } of table) {
    const end = position + 4 * sizeOf(shape);
    entries[fileName(name, 'huggingface')] = { dtype: 'F32', shape, data_offsets: [position, end] };
    position = end;
  }
  const text = new TextEncoder().encode(JSON.stringify(entries));
  const start = new Uint8Array(8 + text.length);
  new DataView(start.buffer).setBigUint64(0, BigInt(text.length), true);
  start.set(text, 8);
  const source = new CountingBytes({
    name: 'model.safetensors',
    size: start.length + position,
    read: (offset, length) =>
      Promise.resolve(offset + length <= start.length ? start.slice(offset, offset + length) : new Uint8Array(length)),
  });
  const checkpoint = await openCheckpoint(new MemoryFolder('m', { 'model.safetensors': source }), { sha256 });
  const { weights } = loadWeights(checkpoint);
  expect(weights.architecture).toEqual(namedArchitectures['vit-b-32']);
  expect(source.total).toBeLessThan(start.length + 100);
  source.total = 0;
  source.largest = 0;
  for (const name of weights.shapes.keys()) await weights.read(name);
  expect(position).toBe(605_109_252); // 151,277,313 parameters
  expect(source.total).toBe(position);
  expect(source.largest).toBe(49408 * 512 * 4); // the token embedding
});
