import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';

import { temporaryFolder } from './support/temporary-folder.js';
import { raster } from '../src/core/raster.js';
import { clipTokenizerJson } from '../src/model/clip-vocabulary.js';
import { loadClip } from '../src/node/load-clip.js';
import { OnnxRuntime } from '../src/node/onnx-runtime.js';
import { pretrain, type PretrainingPairs, type PretrainOptions } from '../src/run/pretrain.js';
import { Random } from '../src/tensor/random.js';
import { pretrainingSchema, type PretrainingSettings } from '../src/training/pretraining-settings.js';

const json = clipTokenizerJson('r e\nre d</w>');
const colours = { red: [250, 10, 10], green: [10, 250, 10], blue: [10, 10, 250], grey: [120, 120, 120] };

/** Noisy squares of one colour, and its name. */
const pairs: PretrainingPairs = {
  description: { kind: 'colours' },
  imageSize: 16,
  contextLength: 10,
  tokenizer: { json, bytes: new TextEncoder().encode(JSON.stringify(json)), vocabularySize: 516 },
  batch(step, size) {
    const random = Random.stream(5, `batch/${step}`);
    const names = Object.entries(colours).slice(0, size);
    const images = names.map(([, colour]) =>
      raster(
        16,
        16,
        Uint8Array.from({ length: 768 }, (_, i) => Math.min(255, Math.max(0, colour[i % 3] + random.normal() * 40))),
      ),
    );
    return { images, captions: names.map(([name]) => `a ${name} square`) };
  },
};
const settings = pretrainingSchema.parse({
  visionWidth: 64,
  visionLayers: 2,
  textWidth: 64,
  textLayers: 1,
  embedDim: 16,
  steps: 24,
  batchSize: 4,
  warmupSteps: 2,
});
const base = { pairs, settings, seed: 3, runtime: new OnnxRuntime({ threads: 1 }) };

const modelBytes = (folder: string): Promise<Buffer> => readFile(path.join(folder, 'model.safetensors'));

/** Pretrains until `stopAfter` steps are done, as Ctrl-C would. */
async function interrupted(options: PretrainOptions, stopAfter: number): Promise<void> {
  const controller = new AbortController();
  await pretrain({
    ...options,
    saveEvery: 0,
    signal: controller.signal,
    onStep: ({ step }) => {
      if (step === stopAfter) controller.abort(new Error('stopped'));
      return Promise.resolve();
    },
  });
}

describe('pretraining', () => {
  test('learns, and writes a model that loads', async () => {
    await using folder = await temporaryFolder();
    const out = path.join(folder.path, 'model');
    const losses: number[] = [];
    const onStep: PretrainOptions['onStep'] = ({ loss }) => Promise.resolve(void losses.push(loss));
    const result = await pretrain({ ...base, out, settings: { ...settings, steps: 60 }, onStep });
    expect(losses).toHaveLength(60);
    expect(losses[0]).toBeGreaterThan(1); // ln 4 for four that look alike
    expect(result.loss).toBeLessThan(0.2);

    await using clip = await loadClip(out);
    expect(clip.notes).toEqual([]);
    expect(clip.weights.architecture).toMatchObject({
      vision: { width: 64, layers: 2, heads: 4, patchSize: 8 },
      embedDim: 16,
    });
    expect(clip.preprocess.imageSize).toBe(16);
    expect(clip.tokenizer.encode(['red']).data.slice(0, 3)).toEqual(BigInt64Array.of(514n, 513n, 515n));
  });

  test('that is stopped twice ends in the same bits', async () => {
    await using folder = await temporaryFolder();
    const [whole, parts] = ['whole', 'parts'].map((name) => path.join(folder.path, name));
    await pretrain({ ...base, out: whole });
    await expect(interrupted({ ...base, out: parts }, 7)).rejects.toThrow('stopped');
    await expect(interrupted({ ...base, out: parts, resume: true }, 15)).rejects.toThrow('stopped');
    await pretrain({ ...base, out: parts, resume: true });
    expect(await modelBytes(parts)).toEqual(await modelBytes(whole));
    const history = (file: string): Promise<string> => readFile(path.join(file, 'history.jsonl'), 'utf8');
    expect(await history(parts)).toBe(await history(whole));

    await expect(pretrain({ ...base, out: parts, resume: true })).rejects.toThrow('holds a finished training');
  });

  test('goes on only with the same settings, seed and pairs, and only when asked to', async () => {
    await using folder = await temporaryFolder();
    const out = path.join(folder.path, 'model');
    await expect(interrupted({ ...base, out }, 3)).rejects.toThrow('stopped');
    await expect(pretrain({ ...base, out })).rejects.toThrow('Add --resume');
    for (const other of [
      { settings: { ...settings, learningRate: 2e-3 } },
      { seed: 4 },
      { pairs: { ...pairs, description: { kind: 'shapes' } } },
    ]) {
      await expect(pretrain({ ...base, out, resume: true, ...other })).rejects.toThrow(
        /pretrain into .*: expected the/,
      );
    }
  });

  test('gives both transformers heads of the width that is asked for, 16 where none is', async () => {
    await using folder = await temporaryFolder();
    const headsOf = async (name: string, heads: Partial<PretrainingSettings>): Promise<number[]> => {
      const out = path.join(folder.path, name);
      await pretrain({ ...base, settings: { ...settings, textWidth: 128, steps: 3, ...heads }, out });
      await using clip = await loadClip(out);
      const { vision, text } = clip.weights.architecture;
      return [vision.heads, text.heads];
    };
    expect(await headsOf('plain', {})).toEqual([4, 8]);
    expect(await headsOf('wide', { headWidth: 64 })).toEqual([1, 2]);
    const unfit = pretrain({ ...base, settings: { ...settings, headWidth: 48 }, out: path.join(folder.path, 'unfit') });
    await expect(unfit).rejects.toThrow(
      'got visionWidth 64 is no multiple of headWidth 48; textWidth 64 is no multiple of headWidth 48. Set another',
    );
    const cut = pretrain({ ...base, settings: { ...settings, patchSize: 7 }, out: path.join(folder.path, 'unfit') });
    await expect(cut).rejects.toThrow("patchSize 7 does not divide the images' 16 pixels");
    expect(existsSync(path.join(folder.path, 'unfit'))).toBe(false);
  });

  test('refuses a warm-up as long as the run', async () => {
    const wrong = { ...settings, warmupSteps: 24 };
    await expect(pretrain({ ...base, out: 'unused', settings: wrong })).rejects.toThrow('fewer warm-up steps');
  });

  test('says at which step the loss was lost', async () => {
    await using folder = await temporaryFolder();
    const wild = { ...settings, learningRate: 1e30, warmupSteps: 0 };
    await expect(pretrain({ ...base, out: path.join(folder.path, 'm'), settings: wild })).rejects.toThrow(
      /expected a finite loss, got NaN at step [2-9]/,
    );
  });
});
