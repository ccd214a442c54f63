import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';

import type { Family } from '../src/checkpoint/checkpoint.js';
import { storedAs } from '../src/checkpoint/derived-tensor.js';
import { streamTensors, type StreamedTensor } from '../src/checkpoint/stream-safetensors.js';
import { clipPreprocess, type Preprocess } from '../src/data/preprocess.js';
import type { ClipArchitecture } from '../src/model/architecture.js';
import { byteTokenizerJson } from '../src/model/clip-vocabulary.js';
import { huggingFaceConfig } from '../src/model/huggingface-config.js';
import type { ArchitectureOptions } from '../src/model/infer-architecture.js';
import { randomWeights } from '../src/model/weights.js';
import { loadClip, type LoadedClip } from '../src/node/load-clip.js';
import { convertCheckpoint, type ConvertOptions, type ConvertResult } from '../src/run/convert-checkpoint.js';
import { writeModelFolder } from '../src/run/write-model-folder.js';
import { readPlainly, type PlainTensor } from './support/plain-safetensors.js';
import { smallArchitecture } from './support/small-clip.js';
import { temporaryFolder } from './support/temporary-folder.js';
import { stateDictItem, writeTorchZip } from './support/write-torch.js';

/** One small CLIP in every format, written by PyTorch, open_clip and transformers. */
const golden = path.join(import.meta.dirname, 'golden', 'clip-tiny');

async function convert(
  model: string,
  options: Omit<ConvertOptions, 'clip'>,
  known: ArchitectureOptions = {},
): Promise<ConvertResult> {
  await using clip = await loadClip(model, known);
  return await convertCheckpoint({ clip, ...options });
}

/** Element type, shape and bytes of every tensor, by canonical name. */
async function bitsOf({ checkpoint }: LoadedClip): Promise<Map<string, string>> {
  const bits = new Map<string, string>();
  for (const [name, tensor] of checkpoint.tensors) {
    const bytes = Buffer.from(await tensor.readBytes()).toString('base64');
    bits.set(name, `${tensor.dtype} [${tensor.shape.join()}] ${bytes}`);
  }
  return new Map([...bits].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Read back, a model is what it was before: every weight to the bit. */
async function expectSame(model: string, before: string, known: ArchitectureOptions = {}): Promise<void> {
  await using found = await loadClip(model, known);
  await using wanted = await loadClip(before);
  const [bits, expected] = [await bitsOf(found), await bitsOf(wanted)];
  expect([...bits.keys()]).toEqual([...expected.keys()]);
  for (const [name, value] of expected) expect(bits.get(name) === value, name).toBe(true);
}

function expectEqualFiles(found: ReadonlyMap<string, PlainTensor>, expected: ReadonlyMap<string, PlainTensor>): void {
  expect([...found.keys()].sort()).toEqual([...expected.keys()].sort());
  for (const [name, { dtype, shape, bytes }] of expected) {
    expect(found.get(name), name).toMatchObject({ dtype, shape });
    expect(found.get(name)?.bytes.equals(bytes), name).toBe(true);
  }
}

describe('from every golden file through all three forms and back, to the bit', () => {
  test.each([
    'hf',
    'open_clip_model.safetensors',
    'openai_state_dict.pt',
    'openai_fp16.pt',
    'openai_bf16.pt',
    'openai_legacy.pt',
    'openai_torchscript.pt',
    'cleanclip_epoch_5.pt',
  ])('%s', async (name) => {
    await using folder = await temporaryFolder();
    const at = (form: string): string => path.join(folder.path, form);
    const source = path.join(golden, name);
    await convert(source, { to: 'huggingface', out: at('first') });
    await expectSame(at('first'), source);

    // two heads of 32 in the text tower: OpenAI's form cannot say it
    const file = at('openai.safetensors');
    const { untold } = await convert(at('first'), { to: 'openai', out: file, untold: 'note' });
    expect(untold).toEqual(["2 text heads: OpenAI's code takes width / 64, here 1"]);
    await expectSame(file, source, { textHeads: 2 });

    await convert(file, { to: 'open_clip', out: at('open_clip') }, { textHeads: 2 });
    await expectSame(at('open_clip'), source);
    await convert(at('open_clip'), { to: 'huggingface', out: at('last') });
    expectEqualFiles(
      await readPlainly(path.join(at('last'), 'model.safetensors')),
      await readPlainly(path.join(at('first'), 'model.safetensors')),
    );
  });
});

describe('names, shapes and bytes are those of', () => {
  test('the file that open_clip wrote, converted from the one of transformers', async () => {
    await using folder = await temporaryFolder();
    const out = path.join(folder.path, 'open_clip');
    await convert(path.join(golden, 'hf'), { to: 'open_clip', out });
    const found = await readPlainly(path.join(out, 'open_clip_model.safetensors'));
    expectEqualFiles(found, await readPlainly(path.join(golden, 'open_clip_model.safetensors')));
  });

  test('the file that transformers wrote, converted from the one of open_clip', async () => {
    await using folder = await temporaryFolder();
    const out = path.join(folder.path, 'hf');
    await convert(path.join(golden, 'open_clip_model.safetensors'), { to: 'huggingface', out });
    const found = await readPlainly(path.join(out, 'model.safetensors'));
    expectEqualFiles(found, await readPlainly(path.join(golden, 'hf', 'model.safetensors')));
  });

  test("OpenAI's model.py: queries, keys, values below each other, projections transposed, by loops", async () => {
    await using folder = await temporaryFolder();
    const out = path.join(folder.path, 'openai.safetensors');
    await convert(path.join(golden, 'hf'), { to: 'openai', out, untold: 'note' });
    const [made, given] = [await readPlainly(out), await readPlainly(path.join(golden, 'hf', 'model.safetensors'))];
    const get = (tensors: ReadonlyMap<string, PlainTensor>, name: string): PlainTensor => {
      const tensor = tensors.get(name);
      if (tensor === undefined) throw new Error(`no ${name}`);
      return tensor;
    };
    const joint = get(made, 'visual.transformer.resblocks.2.attn.in_proj_weight');
    expect(joint.shape).toEqual([384, 128]);
    const parts = ['q', 'k', 'v'].map((part) =>
      get(given, `vision_model.encoder.layers.2.self_attn.${part}_proj.weight`),
    );
    expect(joint.bytes.equals(Buffer.concat(parts.map(({ bytes }) => bytes)))).toBe(true);

    for (const [ours, theirs, width] of [
      ['visual.proj', 'visual_projection.weight', 128],
      ['text_projection', 'text_projection.weight', 64],
    ] as const) {
      const [turned, straight] = [get(made, ours), get(given, theirs)];
      expect([turned.shape, straight.shape]).toEqual([
        [width, 32],
        [32, width],
      ]);
      for (let i = 0; i < width; i++) {
        for (let j = 0; j < 32; j++) {
          expect(turned.bytes.readUInt32LE(4 * (i * 32 + j))).toBe(straight.bytes.readUInt32LE(4 * (j * width + i)));
        }
      }
    }
  });
});

describe('dtype', () => {
  test.each([
    ['float16', 'openai_fp16.pt'],
    ['bfloat16', 'openai_bf16.pt'],
  ] as const)('%s rounds as PyTorch did', async (float, rounded) => {
    await using folder = await temporaryFolder();
    const out = path.join(folder.path, 'out');
    const result = await convert(path.join(golden, 'hf'), { to: 'huggingface', out, float });
    await expectSame(out, path.join(golden, rounded));
    expect(result.dtypes).toEqual({ [float]: 94 }); // 16 in each of 5 blocks, and 14
    expect(result.notes).toContain(`94 tensors were rounded to ${float}.`);
    expect(await jsonOf(out, 'config.json')).toMatchObject({ torch_dtype: float });
  });

  test('parts of different types are stored in one that holds all exactly, and that is said', async () => {
    await using folder = await temporaryFolder();
    const mixed = path.join(folder.path, 'mixed');
    await mkdir(mixed);
    {
      await using clip = await loadClip(path.join(golden, 'openai_fp16.pt'));
      await convertCheckpoint({ clip, to: 'huggingface', out: path.join(folder.path, 'fp16') });
    }
    await using half = await loadClip(path.join(folder.path, 'fp16'));
    const tensors = new Map<string, StreamedTensor>();
    for (const [name, tensor] of half.checkpoint.tensors) {
      const wide = name === 'vision.blocks.1.attention.key.weight';
      const stored = wide ? storedAs(name, tensor, 'float32') : tensor;
      tensors.set(half.checkpoint.fileName(name), stored);
    }
    await writeFile(path.join(mixed, 'model.safetensors'), streamTensors(tensors));
    await writeFile(path.join(mixed, 'config.json'), await readFile(path.join(folder.path, 'fp16', 'config.json')));
    const result = await convert(mixed, { to: 'open_clip', out: path.join(folder.path, 'out') });
    expect(result.dtypes).toEqual({ float16: 73, float32: 1 }); // 12 in each of 5 blocks, and 14
    expect(result.notes).toContain(
      'Queries, keys and values of 1 tensors have different types and are stored in one that holds them all exactly.',
    );
    const file = await readPlainly(path.join(folder.path, 'out', 'open_clip_model.safetensors'));
    expect(file.get('visual.transformer.resblocks.1.attn.in_proj_weight')?.dtype).toBe('F32');
    await using found = await loadClip(path.join(folder.path, 'out'));
    for (const [name, tensor] of half.checkpoint.tensors) {
      const [values, before] = [await found.checkpoint.tensors.get(name)?.read(), await tensor.read()];
      expect(values !== undefined && Buffer.from(values.buffer).equals(Buffer.from(before.buffer)), name).toBe(true);
    }
  });
});

async function jsonOf(folder: string, file: string): Promise<unknown> {
  return JSON.parse(await readFile(path.join(folder, file), 'utf8'));
}

describe('what stands beside the weights', () => {
  /** Nothing in it is a default of any form. */
  const uneven: ClipArchitecture = {
    vision: { ...smallArchitecture.vision, heads: 4, mlpWidth: 100, activation: 'gelu', normEpsilon: 1e-6 },
    text: {
      ...smallArchitecture.text,
      heads: 2,
      mlpWidth: 131,
      activation: 'gelu',
      endOfText: { kind: 'id', id: smallArchitecture.text.vocabularySize - 1 },
    },
    embedDim: smallArchitecture.embedDim,
  };
  const squash: Preprocess = { ...clipPreprocess(16), resizeMode: 'squash', mean: [0.5, 0.25, 0.125], std: [1, 2, 3] };
  const crop: Preprocess = { ...clipPreprocess(16), resizeTo: 18 };

  async function writeModel(
    folder: string,
    architecture: ClipArchitecture,
    preprocess: Preprocess,
    own = false,
  ): Promise<string> {
    await mkdir(folder);
    // a vocabulary of bytes as anybody could bring it
    const tokenizer = new TextEncoder().encode(JSON.stringify(byteTokenizerJson(258)));
    await writeModelFolder(folder, {
      weights: randomWeights(architecture, 1),
      preprocess,
      ...(own ? { tokenizer } : {}),
    });
    return folder;
  }

  test.each(['huggingface', 'open_clip'] as const)('%s tells all that it has a place for', async (to) => {
    await using folder = await temporaryFolder();
    const source = await writeModel(path.join(folder.path, 'in'), uneven, squash);
    const out = path.join(folder.path, 'out');
    expect((await convert(source, { to, out })).untold).toEqual([]);
    await using clip = await loadClip(out);
    // open_clip reads at the highest id, which here is the same token
    const endOfText = to === 'open_clip' ? { kind: 'argmax' } : uneven.text.endOfText;
    expect(clip.weights.architecture).toEqual({ ...uneven, text: { ...uneven.text, endOfText } });
    expect(clip.preprocess).toEqual({ ...squash, resizeTo: 16 });
    const files = (await readdir(out)).sort();
    expect(files).toEqual(
      to === 'huggingface'
        ? ['config.json', 'model.safetensors', 'preprocessor_config.json']
        : ['open_clip_config.json', 'open_clip_model.safetensors'],
    );
  });

  test("open_clip's config, key by key", async () => {
    await using folder = await temporaryFolder();
    const out = path.join(folder.path, 'out');
    await convert(await writeModel(path.join(folder.path, 'in'), uneven, squash), { to: 'open_clip', out });
    expect(await jsonOf(out, 'open_clip_config.json')).toEqual({
      model_cfg: {
        embed_dim: 16,
        quick_gelu: false,
        vision_cfg: {
          image_size: 16,
          patch_size: 4,
          width: 64,
          layers: 1,
          mlp_ratio: 100 / 64,
          norm_kwargs: { eps: 1e-6 },
          head_width: 16,
        },
        text_cfg: { context_length: 32, vocab_size: 258, width: 64, layers: 1, mlp_ratio: 131 / 64, heads: 2 },
      },
      preprocess_cfg: {
        size: 16,
        mode: 'RGB',
        mean: [0.5, 0.25, 0.125],
        std: [1, 2, 3],
        interpolation: 'bicubic',
        resize_mode: 'squash',
      },
    });
  });

  test('a tokenizer of its own goes along', async () => {
    await using folder = await temporaryFolder();
    const source = await writeModel(path.join(folder.path, 'in'), smallArchitecture, crop, true);
    const [hf, openClip] = ['hf', 'open_clip'].map((name) => path.join(folder.path, name));
    const { files } = await convert(source, { to: 'huggingface', out: hf });
    expect(files.map((file) => file.path)).toEqual([
      'model.safetensors',
      'config.json',
      'preprocessor_config.json',
      'tokenizer.json',
      'tokenizer_config.json',
      'special_tokens_map.json',
    ]);
    // the highest id said as the id that the tokenizer ends texts with
    expect(await jsonOf(hf, 'config.json')).toMatchObject({ text_config: { eos_token_id: 257 } });
    const { untold } = await convert(hf, { to: 'open_clip', out: openClip, untold: 'note' });
    expect(untold).toEqual([
      'images with a short side of 18 before the crop of 16: open_clip resizes to the crop',
      "a tokenizer of its own: open_clip has CLIP's",
    ]);
    await using before = await loadClip(source);
    for (const out of [hf, openClip]) {
      await using clip = await loadClip(out);
      const texts = ['a Photo of a café', 'x'];
      expect(clip.tokenizer.encode(texts)).toEqual(before.tokenizer.encode(texts));
    }
  });

  test('what a form has no place for is refused, all of it at once, before anything is written', async () => {
    await using folder = await temporaryFolder();
    const odd: ClipArchitecture = {
      ...uneven,
      text: { ...uneven.text, activation: 'quick_gelu', endOfText: { kind: 'id', id: 5 } },
    };
    const source = await writeModel(path.join(folder.path, 'in'), odd, squash, true);
    const refused = (to: Family, out: string): Promise<unknown> =>
      convert(source, { to, out: path.join(folder.path, out) }).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
    expect(await refused('openai', 'out.safetensors')).toMatchObject({
      code: 'unsupported',
      message:
        `convert ${source} to ${path.join(folder.path, 'out.safetensors')}: expected a model that the files of openai can ` +
        'describe, got 9 things that they have no place for.\n' +
        "  4 vision heads: OpenAI's code takes width / 64, here 1\n" +
        "  vision MLPs of width 100: OpenAI's code takes four times the width, 256\n" +
        "  gelu in the vision tower: OpenAI's code takes quick_gelu\n" +
        "  vision layer norms with an epsilon of 0.000001: OpenAI's code takes 1e-5\n" +
        "  2 text heads: OpenAI's code takes width / 64, here 1\n" +
        "  text MLPs of width 131: OpenAI's code takes four times the width, 256\n" +
        "  preprocessing of its own: OpenAI's code has CLIP's\n" +
        "  texts that end at token 5: OpenAI's code takes the highest id of a text\n" +
        "  a tokenizer of its own: OpenAI's code has CLIP's\n" +
        'Write the form of huggingface, or convert all the same with --untold note.',
    });
    expect(await refused('open_clip', 'out')).toMatchObject({
      parts: {
        fix:
          '\n  gelu in the vision tower and quick_gelu in the text tower: open_clip has one for both' +
          '\n  texts that end at token 5: open_clip takes the highest id of a text' +
          "\n  a tokenizer of its own: open_clip has CLIP's" +
          '\nWrite the form of huggingface, or convert all the same with --untold note.',
      },
    });
    expect(await readdir(folder.path)).toEqual(['in']);
  });

  test('without a tokenizer nothing is said about one, and 2 stands for the highest id', async () => {
    await using folder = await temporaryFolder();
    const out = path.join(folder.path, 'out');
    const { notes } = await convert(path.join(golden, 'open_clip_model.safetensors'), { to: 'huggingface', out });
    expect(notes).toEqual(['The model has no tokenizer file, so none was written.']);
    await using clip = await loadClip(path.join(golden, 'open_clip_model.safetensors'));
    expect(await jsonOf(out, 'config.json')).toEqual({
      ...huggingFaceConfig(clip.weights.architecture),
      torch_dtype: 'float32',
    });
    expect(await jsonOf(out, 'config.json')).toMatchObject({ text_config: { eos_token_id: 2 } });
  });
});

describe('nothing is written', () => {
  const hf = path.join(golden, 'hf');

  test('over what is there', async () => {
    await using folder = await temporaryFolder();
    const file = path.join(folder.path, 'there.safetensors');
    await writeFile(file, 'mine');
    await expect(convert(hf, { to: 'openai', out: file, untold: 'note' })).rejects.toMatchObject({
      code: 'usage',
      parts: { received: 'a file that is there already' },
    });
    await expect(convert(hf, { to: 'huggingface', out: folder.path })).rejects.toMatchObject({ code: 'usage' });
    expect(await readFile(file, 'utf8')).toBe('mine');
    expect(await readdir(folder.path)).toEqual(['there.safetensors']);
  });

  test('under a name that says something else', async () => {
    await using folder = await temporaryFolder();
    for (const [out, received] of [
      [path.join(folder.path, 'out.pt'), '"out.pt"'],
      [folder.path, 'a folder'],
    ]) {
      await expect(convert(hf, { to: 'openai', out, untold: 'note' })).rejects.toMatchObject({
        code: 'usage',
        parts: { received },
      });
    }
    expect(await readdir(folder.path)).toEqual([]);
  });

  test('where a file stands in the way of the folder', async () => {
    await using folder = await temporaryFolder();
    await writeFile(path.join(folder.path, 'there'), 'mine');
    for (const [to, name] of [
      ['openai', 'out.safetensors'],
      ['huggingface', 'out'],
    ] as const) {
      const out = path.join(folder.path, 'there', name);
      await expect(convert(hf, { to, out, untold: 'note' })).rejects.toMatchObject({ code: 'storage' });
    }
    expect(await readdir(folder.path)).toEqual(['there']);
  });

  test('of a pickle that asks for code', async () => {
    await using folder = await temporaryFolder();
    const pickle = path.join(folder.path, 'evil.pt');
    const weights = new Map([['visual.proj', { shape: [1], data: Float32Array.of(1) }]]);
    const call = { call: { global: 'os', name: 'system' }, args: ['touch owned'] };
    const root = { dict: [['state_dict', stateDictItem(weights)] as const, ['hook', call] as const] };
    await writeFile(pickle, writeTorchZip(weights, root));
    const out = path.join(folder.path, 'out');
    const converted = convert(pickle, { to: 'huggingface', out });
    await expect(converted).rejects.toMatchObject({ code: 'hostile' });
    await expect(converted).rejects.toThrow('os.system');
    expect(await readdir(folder.path)).toEqual(['evil.pt']);
  });

  test('where a weight does not fit the type, or the person stops it', async () => {
    await using folder = await temporaryFolder();
    const source = path.join(folder.path, 'in');
    await mkdir(source);
    const weights = randomWeights(smallArchitecture, 1);
    const read = async (name: string): Promise<Float32Array> => {
      const values = await weights.read(name);
      return name === 'vision.projection' ? values.fill(1e5) : values;
    };
    await writeModelFolder(source, { weights: { ...weights, read }, preprocess: clipPreprocess(16) });
    for (const [to, name] of [
      ['huggingface', 'out'],
      ['openai', 'out.safetensors'],
    ] as const) {
      const out = path.join(folder.path, name);
      const converted = convert(source, { to, out, float: 'float16', untold: 'note' });
      await expect(converted).rejects.toThrow('float16 cannot hold 100000');
      await expect(converted).rejects.toMatchObject({ code: 'unsupported' });

      const stop = new AbortController();
      const progress = {
        begin: () => ({ update: (done: number) => { if (done === 20) stop.abort(); }, end: () => undefined }), // prettier-ignore
      };
      const stopped = convert(source, { to, out, untold: 'note', progress, signal: stop.signal });
      await expect(stopped).rejects.toThrow('aborted');
      expect(await readdir(folder.path)).toEqual(['in']);
    }
  });
});
