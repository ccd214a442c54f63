import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { openDataset } from '../src/data/dataset.js';
import { exportDtypes, type ExportDtype } from '../src/export/export-dtype.js';
import { exportRecordSchema } from '../src/export/export-record.js';
import { DiskFolder } from '../src/node/files.js';
import { loadClip, type LoadedClip } from '../src/node/load-clip.js';
import { openTrigger } from '../src/node/open-trigger.js';
import { evaluate } from '../src/run/evaluate.js';
import { exportOnnx } from '../src/run/export-onnx.js';
import { goldenModel, MeasuredModel } from './support/measured-model.js';
import { normalTensor } from './support/random-clip.js';
import { messages, readProtobuf, texts } from './support/read-protobuf.js';
import { temporaryFolder } from './support/temporary-folder.js';
import { mountTinyDisk } from './support/tiny-disk.js';
import { runClip, runInWebAssembly, runTowers, tokenize } from './support/transformers-js.mjs';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder[Symbol.asyncDispose]());

describe('files', () => {
  let clip: LoadedClip;
  beforeAll(async () => {
    clip = await loadClip('zoo:badnet');
  });
  afterAll(() => clip[Symbol.asyncDispose]());

  test('hold standard operators of one version, and batches of any size', async () => {
    const out = path.join(folder.path, 'structure');
    await exportOnnx({ clip, out });
    const described: Record<string, unknown> = {};
    for (const name of await readdir(path.join(out, 'onnx'))) {
      const model = readProtobuf(await readFile(path.join(out, 'onnx', name)));
      expect(messages(model, 8).map((opset) => [texts(opset, 1)[0], opset.get(2)])).toEqual([['', [18n]]]);
      const [graph] = messages(model, 7);
      expect(new Set(messages(graph, 1).flatMap((node) => texts(node, 7)))).toEqual(new Set(['']));
      const values = (field: number): Record<string, unknown> =>
        Object.fromEntries(
          messages(graph, field).map((info) => {
            const [tensor] = messages(messages(info, 2)[0], 1);
            const axes = messages(messages(tensor, 2)[0], 1);
            return [texts(info, 1)[0], axes.map((axis) => texts(axis, 2)[0] ?? Number(axis.get(1)?.[0]))];
          }),
        );
      described[name] = { ...values(11), ...values(12) };
    }
    const pixels = { pixel_values: ['batch_size', 3, 48, 48], image_embeds: ['batch_size', 128] };
    const text = { input_ids: ['batch_size', 'sequence_length'], text_embeds: ['batch_size', 128] };
    const whole = {
      input_ids: ['text_batch_size', 'sequence_length'],
      pixel_values: ['image_batch_size', 3, 48, 48],
      logits_per_image: ['image_batch_size', 'text_batch_size'],
      logits_per_text: ['text_batch_size', 'image_batch_size'],
      text_embeds: ['text_batch_size', 128],
      image_embeds: ['image_batch_size', 128],
    };
    const expected = ['', '_fp16', '_quantized'].flatMap((suffix) => [
      [`model${suffix}.onnx`, whole],
      [`vision_model${suffix}.onnx`, pixels],
      [`text_model${suffix}.onnx`, text],
    ]);
    expect(described).toEqual(Object.fromEntries(expected));
  });

  // in 8 bits a last bit of float32 may round an activation to the next integer, and no more than that
  test.each([
    ['fp32', '', 1e-3],
    ['fp16', '_fp16', 1e-3],
    ['q8', '_quantized', 0.1],
  ] as const)('say the same in WebAssembly as in Node, %s', async (dtype, suffix, tolerance) => {
    const out = path.join(folder.path, `wasm-${dtype}`);
    await exportOnnx({ clip, out, dtypes: [dtype] });
    const pixels = normalTensor(2, 'pixels', [2, 3, 48, 48], 1);
    const inputs = { pixels, ids: await tokenize(out, ['a photo of a dog.', 'a cat']) };
    const native = await runClip(out, dtype, inputs);
    const web = await runInWebAssembly(path.join(out, 'onnx', `model${suffix}.onnx`), inputs);
    const a = native['logits_per_image'].data;
    const b = web['logits_per_image'].data;
    expect(Math.max(...a.map((value, i) => Math.abs(value - b[i])))).toBeLessThan(tolerance);
  });

  test('keep weights beside the model where it would be too large', async () => {
    const [inside, beside] = ['inside', 'beside'].map((name) => path.join(folder.path, name));
    const limit = 1_500_000;
    const dtypes: ExportDtype[] = ['fp32', 'q8'];
    await exportOnnx({ clip, out: inside, dtypes });
    await exportOnnx({ clip, out: beside, dtypes, fileLimit: limit });
    const sizes = new Map<string, number>();
    for (const name of await readdir(path.join(beside, 'onnx'))) {
      sizes.set(name, (await stat(path.join(beside, 'onnx', name))).size);
    }
    expect(Math.max(...sizes.values())).toBeLessThan(limit);
    const count = (model: string): number =>
      [...sizes.keys()].filter((name) => name.startsWith(`${model}_data`)).length;
    expect(count('model.onnx')).toBeGreaterThan(3);
    const config: unknown = JSON.parse(await readFile(path.join(beside, 'config.json'), 'utf8'));
    expect(config).toMatchObject({
      'transformers.js_config': {
        use_external_data_format: {
          'model.onnx': count('model.onnx'),
          'vision_model.onnx': count('vision_model.onnx'),
          'text_model.onnx': count('text_model.onnx'),
          'model_quantized.onnx': count('model_quantized.onnx'),
        },
      },
    });
    const inputs = {
      pixels: normalTensor(1, 'pixels', [2, 3, 48, 48], 1),
      ids: await tokenize(inside, ['a dog', 'a cat']),
    };
    for (const dtype of ['fp32', 'q8'] as const) {
      const [a, b] = [await runClip(inside, dtype, inputs), await runClip(beside, dtype, inputs)];
      expect([...b['logits_per_image'].data]).toEqual([...a['logits_per_image'].data]);
      const towers = await runTowers(beside, dtype, inputs);
      expect(towers.image_embeds.shape).toEqual([2, 128]);
    }
  });

  test('are loaded in the dtype there is, where the usual one is not', async () => {
    const out = path.join(folder.path, 'half');
    await exportOnnx({ clip, out, dtypes: ['fp16', 'fp16'] });
    expect((await readdir(path.join(out, 'onnx'))).sort()).toEqual([
      'model_fp16.onnx',
      'text_model_fp16.onnx',
      'vision_model_fp16.onnx',
    ]);
    const pixels = normalTensor(1, 'pixels', [1, 3, 48, 48], 1);
    const got = await runClip(out, null, { pixels, ids: await tokenize(out, ['a dog']) });
    expect(got['logits_per_image'].shape).toEqual([1, 1]);
  });

  test('are listed with their digests', async () => {
    const out = path.join(folder.path, 'listed');
    const { record } = await exportOnnx({ clip, out, dtypes: ['q8'] });
    expect(exportRecordSchema.parse(JSON.parse(await readFile(path.join(out, 'rvpt_export.json'), 'utf8')))).toEqual(
      record,
    );
    expect(record.model.sha256).toBe(clip.sha256);
    const digests = await Promise.all(
      record.files.map(async (file) => {
        const bytes = await readFile(path.join(out, ...file.path.split('/')));
        return [file.path, bytes.length, createHash('sha256').update(bytes).digest('hex')];
      }),
    );
    expect(record.files.map((file) => [file.path, file.bytes, file.sha256])).toEqual(digests);
    expect(record.files.map((file) => file.path).sort()).toEqual([
      'config.json',
      'onnx/model_quantized.onnx',
      'onnx/text_model_quantized.onnx',
      'onnx/vision_model_quantized.onnx',
      'preprocessor_config.json',
      'special_tokens_map.json',
      'tokenizer.json',
      'tokenizer_config.json',
    ]);
  });

  test('are all named by the attestation, the card too', async () => {
    const out = path.join(folder.path, 'attested');
    await exportOnnx({ clip, out, dtypes: ['q8'], attest: true, license: 'mit' });
    const statement: unknown = JSON.parse(await readFile(path.join(out, 'attestation.json'), 'utf8'));
    const names = (await readdir(out, { recursive: true })).map((name) => name.split(path.sep).join('/'));
    const files = names.filter((name) => name !== 'onnx' && name !== 'attestation.json').sort();
    const expected = files.map(async (name) => {
      const sha256 = createHash('sha256')
        .update(await readFile(path.join(out, name)))
        .digest('hex');
      return { name, digest: { sha256 } };
    });
    expect(files).toContain('README.md');
    expect(statement).toMatchObject({ subject: await Promise.all(expected) });
    expect(await readFile(path.join(out, 'README.md'), 'utf8')).toMatch(/^license: "?mit"?$/m);
  });

  test('never replace others', async () => {
    const out = path.join(folder.path, 'filled');
    await exportOnnx({ clip, out, dtypes: ['q8'] });
    await expect(exportOnnx({ clip, out, dtypes: ['q8'] })).rejects.toThrow('expected a new or empty folder');
  });

  const disk = mountTinyDisk(3000);
  if (typeof disk !== 'string')
    afterAll(() => {
      disk[Symbol.dispose]();
    });
  test.skipIf(typeof disk === 'string')('leave nothing behind on a full disk', async () => {
    if (typeof disk === 'string') return;
    const out = path.join(disk.path, 'export');
    await expect(exportOnnx({ clip, out, dtypes: ['fp32'] })).rejects.toThrow('got a full disk');
    expect(await readdir(disk.path)).toEqual([]);
  });
});

describe('a defended export that is measured', () => {
  let measured: MeasuredModel;
  let clip: LoadedClip;
  beforeAll(async () => {
    measured = await MeasuredModel.create();
    clip = await loadClip(goldenModel);
  });
  afterAll(async () => {
    await clip[Symbol.asyncDispose]();
    await measured[Symbol.asyncDispose]();
  });

  // trojvqa changes the class prompts too
  test.each(['badnet', 'zoo:trojvqa'])('tells each dtype against evaluate, %s', async (spec) => {
    const { trigger } = await openTrigger(spec);
    const dataset = await openDataset({ folder: new DiskFolder(measured.data) });
    const attack = { trigger, target: 'cat', seed: 4 };
    const { record } = await exportOnnx({
      clip,
      prompts: measured.promptsFile,
      out: path.join(folder.path, `measured-${trigger.name}`),
      test: { dataset, attack },
    });
    const { clean, attacked } = await evaluate({ clip, dataset, prompts: measured.prompts, attack, seed: 4 });
    const measurement = record.measurement ?? expect.fail('nothing was measured');
    expect(measurement.reference).toEqual({ clean, attacked });
    expect(measurement.attack).toMatchObject({
      trigger: { name: trigger.name },
      target: { index: 2, name: 'cat' },
      seed: 4,
    });
    expect(measurement.data).toMatchObject({ classes: 4, images: 20 });
    const [fp32, fp16, q8] = measurement.exported;
    expect(measurement.exported.map(({ dtype }) => dtype)).toEqual([...exportDtypes]);
    expect(fp32.figures).toEqual({ clean, attacked });
    expect([fp32.agreement, fp16.agreement]).toEqual([1, 1]);
    expect(fp32.logit_difference).toBeLessThan(1e-3);
    // these prompts are so long that attention hangs on the last bits
    expect(fp16.logit_difference).toBeLessThan(6e-2);
    expect(fp16.logit_difference).toBeLessThan(q8.logit_difference);
    expect(q8.agreement).toBeGreaterThan(0.5);
    expect(record.prompts).toMatchObject({ blocks: [1, 2], tokens: 6 });
  });
});
