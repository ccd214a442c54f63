import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { describe, expect, test } from 'vitest';

import { openCheckpoint, type Checkpoint } from '../src/checkpoint/checkpoint.js';
import { writeSafetensors } from '../src/checkpoint/safetensors.js';
import { inspectCheckpoint } from '../src/model/inspect.js';
import { loadWeights } from '../src/model/load-weights.js';
import { openCheckpointAt } from '../src/node/open-checkpoint.js';
import { sha256 } from '../src/node/sha256.js';
import { MemoryFolder } from './support/memory-folder.js';
import { stateDictOf, type NamedTensor } from './support/named-tensor.js';
import { stateDictItem, writeTorchZip, type SavedTensor } from './support/write-torch.js';

/** The same small CLIP in every format, written by PyTorch, open_clip and transformers. */
const golden = path.join(import.meta.dirname, 'golden', 'clip-tiny');

async function readEverything(checkpoint: Checkpoint): Promise<Map<string, NamedTensor>> {
  const { weights } = loadWeights(checkpoint);
  const tensors = new Map<string, NamedTensor>();
  for (const [name, shape] of weights.shapes) tensors.set(name, { shape, data: await weights.read(name) });
  return tensors;
}

async function readGolden(name: string): Promise<Map<string, NamedTensor>> {
  await using checkpoint = await openCheckpointAt(path.join(golden, name));
  return await readEverything(checkpoint);
}

/** Bits, so that -0 and NaN count. */
const bits = ({ data }: NamedTensor) => Buffer.from(data.buffer, data.byteOffset, data.byteLength);

function expectSameBits(found: ReadonlyMap<string, NamedTensor>, expected: ReadonlyMap<string, NamedTensor>): void {
  expect([...found.keys()]).toEqual([...expected.keys()]);
  for (const [name, tensor] of expected) {
    const other = found.get(name);
    expect(other?.shape, name).toEqual(tensor.shape);
    expect(other !== undefined && bits(other).equals(bits(tensor)), name).toBe(true);
  }
}

/**
 * The nearest value with `precision` significant bits, ties to even, and the smallest exponent `lowest` (of the unit
 * bit): rounding by arithmetic, where the reader decodes by bits.
 */
function rounded(value: number, precision: number, lowest: number): number {
  if (value === 0) return value;
  const exponent = Math.max(Math.floor(Math.log2(Math.abs(value))), lowest);
  const unit = 2 ** (exponent - precision + 1);
  const quotient = value / unit;
  const floor = Math.floor(quotient);
  const rest = quotient - floor;
  const up = rest > 0.5 || (rest === 0.5 && floor % 2 !== 0);
  return (floor + (up ? 1 : 0)) * unit;
}

function everyRounded(tensors: ReadonlyMap<string, NamedTensor>, precision: number, lowest: number) {
  const round = ({ shape, data }: NamedTensor) => ({
    shape,
    data: data.map((value) => rounded(value, precision, lowest)),
  });
  return new Map([...tensors].map(([name, tensor]) => [name, round(tensor)]));
}

const reference = await readGolden('hf');

describe('every form of the golden CLIP loads to the same weights', () => {
  const forms = [
    ['', 'open_clip-safetensors'],
    ['hf', 'huggingface-safetensors'],
    ['hf/model.safetensors', 'huggingface-safetensors'],
    ['open_clip_model.safetensors', 'open_clip-safetensors'],
    ['openai_state_dict.pt', 'openai-torch-zip'],
    ['openai_legacy.pt', 'openai-torch-legacy'],
    ['openai_torchscript.pt', 'openai-torchscript'],
    ['cleanclip_epoch_5.pt', 'openai-torch-zip'],
  ] as const;
  test.each(forms)('"%s" (%s), bit for bit', async (name, format) => {
    await using checkpoint = await openCheckpointAt(path.join(golden, name));
    expect(checkpoint.format).toBe(format);
    expectSameBits(await readEverything(checkpoint), reference);
  });

  test('float16, rounded to nearest even', async () => {
    expectSameBits(await readGolden('openai_fp16.pt'), everyRounded(reference, 11, -14));
  });

  test('bfloat16, rounded to nearest even', async () => {
    expectSameBits(await readGolden('openai_bf16.pt'), everyRounded(reference, 8, -126));
  });
});

describe('forms that the golden files do not come in', async () => {
  const config = () => readFile(path.join(golden, 'hf', 'config.json'));
  const huggingface = await stateDictOf(reference, 'huggingface');
  const names = [...huggingface.keys()];
  const half = (parity: number) => new Map([...huggingface].filter((_, index) => index % 2 === parity));
  const shards = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'];
  const weightMap = Object.fromEntries(names.map((name, index) => [name, shards[index % 2]]));

  test('Hugging Face in two shards of safetensors', async () => {
    const files = {
      'config.json': await config(),
      'model.safetensors.index.json': JSON.stringify({ metadata: { total_size: 1 }, weight_map: weightMap }),
      [shards[0]]: writeSafetensors(half(0)),
      [shards[1]]: writeSafetensors(half(1)),
    };
    await using checkpoint = await openCheckpoint(new MemoryFolder('sharded', files), { sha256 });
    expect(checkpoint.files).toEqual(shards);
    // sha256sum *.safetensors | sha256sum
    const digest = (content: Uint8Array | string) => createHash('sha256').update(content).digest('hex');
    const printed = shards.map((shard) => `${digest(files[shard])}  ${shard}\n`).join('');
    expect(await checkpoint.sha256()).toBe(digest(printed));
    expectSameBits(await readEverything(checkpoint), reference);
  });

  test('Hugging Face as pytorch_model.bin, whole and in shards', async () => {
    const whole = { 'config.json': await config(), 'pytorch_model.bin': writeTorchZip(huggingface) };
    await using checkpoint = await openCheckpoint(new MemoryFolder('bin', whole), { sha256 });
    expect(checkpoint.format).toBe('huggingface-torch-zip');
    expectSameBits(await readEverything(checkpoint), reference);
    const map = Object.fromEntries(names.map((name, index) => [name, `shard-${index % 2}.bin`]));
    const sharded = {
      'config.json': await config(),
      'pytorch_model.bin.index.json': JSON.stringify({ weight_map: map }),
      'shard-0.bin': writeTorchZip(half(0)),
      'shard-1.bin': writeTorchZip(half(1)),
    };
    await using second = await openCheckpoint(new MemoryFolder('bins', sharded), { sha256 });
    expectSameBits(await readEverything(second), reference);
  });

  test.each(['state_dict', 'model_state_dict', 'model'])('a wrapper with the weights under "%s"', async (key) => {
    const openai = await stateDictOf(reference, 'openai');
    const renamed = new Map([...openai].map(([name, tensor]) => [`module._orig_mod.${name}`, tensor]));
    const root = {
      dict: [
        ['epoch', 5],
        [key, stateDictItem(renamed)],
        ['args', { object: { global: 'argparse', name: 'Namespace' }, state: { dict: [['lr', 1]] } }],
      ],
    } as const;
    const files = { 'config.json': await config(), 'last.pt': writeTorchZip(renamed, root) };
    await using checkpoint = await openCheckpoint(new MemoryFolder('run', files), { file: 'last.pt', sha256 });
    expectSameBits(await readEverything(checkpoint), reference);
  });

  test("open_clip's CustomTextCLIP, whose text tower has a prefix", async () => {
    const isText = (name: string) => !name.startsWith('visual.') && name !== 'logit_scale';
    const openai = [...(await stateDictOf(reference, 'openai'))];
    const custom = new Map(openai.map(([name, tensor]) => [isText(name) ? `text.${name}` : name, tensor]));
    const files = { 'config.json': await config(), 'custom.safetensors': writeSafetensors(custom) };
    await using checkpoint = await openCheckpoint(new MemoryFolder('custom', files), {
      file: 'custom.safetensors',
      sha256,
    });
    expect(checkpoint.format).toBe('open_clip-safetensors');
    expectSameBits(await readEverything(checkpoint), reference);
  });

  test('tensors that are views: transposed, behind other numbers, a scalar as [1]', async () => {
    const openai = await stateDictOf(reference, 'openai');
    const saved = new Map<string, SavedTensor>(openai);
    const projection = openai.get('visual.proj');
    const scale = openai.get('logit_scale');
    if (projection === undefined || scale === undefined) throw new Error('the golden weights lost their projection');
    // stored column by column behind three other numbers: what `tensor.t().contiguous().t()` leaves
    const [rows, columns] = projection.shape;
    const data = new Float32Array(3 + rows * columns);
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++)
        data[3 + column * rows + row] = projection.data[row * columns + column];
    }
    saved.set('visual.proj', { ...projection, data, offset: 3, strides: [1, rows] });
    saved.set('logit_scale', { shape: [1], data: scale.data });
    const files = { 'config.json': await config(), 'views.pt': writeTorchZip(saved) };
    await using checkpoint = await openCheckpoint(new MemoryFolder('views', files), { file: 'views.pt', sha256 });
    expectSameBits(await readEverything(checkpoint), reference);
  });
});

describe('inspect', () => {
  test('prints the golden CLIP', async () => {
    await using checkpoint = await openCheckpointAt(path.join(golden, 'openai_fp16.pt'));
    // vision: 128·(1 + 768 + 17 + 4) + 3·198,272 + 32·128 parameters
    expect(await inspectCheckpoint(checkpoint)).toEqual({
      format: 'openai-torch-zip',
      files: ['openai_fp16.pt'],
      architecture: {
        vision: {
          image_size: 64,
          patch_size: 16,
          width: 128,
          layers: 3,
          heads: 2,
          mlp_width: 512,
          activation: 'quick_gelu',
        },
        text: {
          context_length: 24,
          vocabulary_size: 600,
          width: 64,
          layers: 2,
          heads: 2,
          mlp_width: 256,
          activation: 'quick_gelu',
          end_of_text: 'argmax',
        },
        embed_dim: 32,
      },
      parameters: { vision: 700_032, text: 142_080, total: 842_113 },
      sha256: 'd2923e5b4a1096635a82ce0b1c6ef01d48e78cbdf039fa41b5c6829d1e2a8e36', // sha256sum openai_fp16.pt
      dtypes: { float16: 94 },
      assumptions: [],
      nan_tensors: [],
      constant_tensors: [],
    });
  });

  test('says what shapes cannot tell when there is no config', async () => {
    const bytes = await readFile(path.join(golden, 'openai_state_dict.pt'));
    await using checkpoint = await openCheckpoint(new MemoryFolder('alone', { 'a.pt': bytes }), {
      file: 'a.pt',
      sha256,
    });
    const { architecture, assumptions } = await inspectCheckpoint(checkpoint);
    // one head of 64: the golden text tower has two of 32, which is why this must be said
    expect(architecture.text.heads).toBe(1);
    expect(assumptions).toEqual([
      "vision heads 2: width 128 over 64, as in OpenAI's models (shapes cannot tell)",
      "text heads 1: width 64 over 64, as in OpenAI's models (shapes cannot tell)",
      "activation quick_gelu, as in OpenAI's models (many of open_clip's have gelu: shapes cannot tell)",
      "layer norm epsilon 1e-5 and texts that end at their highest token id, as in OpenAI's models",
    ]);
    const told = await inspectCheckpoint(checkpoint, { textHeads: 2, visionHeads: 4, activation: 'gelu' });
    expect(told.architecture.text.heads).toBe(2);
    expect(told.architecture.vision).toMatchObject({ heads: 4, activation: 'gelu' });
    expect(told.assumptions).toHaveLength(1);
  });
});
