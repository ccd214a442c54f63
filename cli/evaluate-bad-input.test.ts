import { mkdir, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';

import { writeSafetensors } from '../src/checkpoint/safetensors.js';
import { encodePrompts } from '../src/defense/prompts-file.js';
import { blankPng, noisePng, writeImages } from '../test/support/images.js';
import { goldenModel, MeasuredModel, photoClasses } from '../test/support/measured-model.js';
import { runInProcess, type Outcome } from '../test/support/run-in-process.js';
import { tinyStateDict } from '../test/support/tiny-clip.js';
import { evaluate } from './evaluate.js';

let measured: MeasuredModel;
beforeAll(async () => {
  measured = await MeasuredModel.create();
});
afterAll(async () => {
  await measured[Symbol.asyncDispose]();
});

function run(...argv: string[]): Promise<Outcome> {
  return runInProcess(['evaluate', ...argv], [evaluate]);
}

/** Of the folder of photos. */
function runPhotos(...argv: string[]): Promise<Outcome> {
  return run('--model', goldenModel, '--data', measured.data, ...argv);
}

describe('images that cannot be decoded', () => {
  let broken: string;
  beforeAll(async () => {
    broken = measured.file('broken');
    await writeImages(broken, ['cat', 'dog'], 3);
    await writeFile(path.join(broken, 'cat/empty.jpg'), '');
    const noise = sharp({
      create: {
        width: 64,
        height: 64,
        channels: 3,
        background: 'red',
        noise: { type: 'gaussian', mean: 128, sigma: 30 },
      },
    });
    await noise.jpeg().toFile(path.join(broken, 'dog/cut.jpg'));
    await truncate(path.join(broken, 'dog/cut.jpg'), 900);
    await writeFile(path.join(broken, 'dog/huge.png'), blankPng(20_000, 20_000));
  });

  test('are left out, named and counted', async () => {
    const { code, stdout, stderr } = await run('--model', goldenModel, '--data', broken, '--batch', '2', '--json');
    expect(code).toBe(0);
    const { n, skipped } = z
      .object({ n: z.int(), skipped: z.array(z.object({ image: z.string(), error: z.string() })) })
      .parse(JSON.parse(stdout));
    expect(n).toBe(6);
    expect(skipped.map(({ image }) => image)).toEqual(['cat/empty.jpg', 'dog/cut.jpg', 'dog/huge.png']);
    const [empty, cut, huge] = skipped.map(({ error }) => error);
    expect(empty).toContain('an empty file');
    expect(cut).toContain('expected a whole image');
    expect(huge).toContain('at most 100000000 pixels, got 20000 x 20000');
    expect(stderr).toContain('left out 3 images:');
  });

  test('end the work where they are to', async () => {
    const { code, stdout, stderr } = await run('--model', goldenModel, '--data', broken, '--on-broken', 'fail');
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('cat/empty.jpg');
  });

  test('all of them: nothing to measure', async () => {
    const { code, stderr } = await run('--model', goldenModel, '--data', measured.data, '--max-pixels', '4095');
    expect(code).toBe(2);
    expect(stderr).toContain('expected at least one image that counts, got no images');
  });
});

describe('bad input is one message and exit code 2', () => {
  const attack = (trigger: string, target: string): string[] => ['--trigger', trigger, '--target', target];
  const cases: [string, string[], string][] = [
    ['a target that is no class', attack('badnet', 'samoyed'), 'expected one of the 4 classes, got none of them'],
    ['an index beyond the classes', attack('badnet', '#4'), 'expected an index of 0…3, got 4'],
    ['a trigger without a target', ['--trigger', 'badnet'], 'got --trigger alone'],
    ['a target without a trigger', ['--target', 'cat'], 'got --target alone'],
    ['a trigger that is none', attack('badnets', 'cat'), 'expected one of badnet, blended'],
    ['a trigger larger than the image', attack('badnet:size=300', 'cat'), 'the trigger would be larger than the image'],
    ['gates that cannot be', ['--min-ca', '80', '--max-asr', '0.1'], 'got --min-ca 80, --max-asr without --trigger'],
    ['a template without a place for the class', ['--template', 'a photo'], 'texts with {class} in them'],
    ['a split of data without parts', ['--split', 'test'], 'of which test was asked for'],
    ['predictions into a folder that is not there', ['--predictions', 'no/such/p.csv'], 'no folder to write into'],
    ['no such file of prompts', ['--prompts', 'no/such/run'], 'nothing at that path'],
    ['a batch of none', ['--batch', '0'], '--batch'],
  ];
  test.each(cases)('%s', async (_, argv, message) => {
    const { code, stdout, stderr } = await runPhotos(...argv);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
    expect(stderr).not.toContain('    at ');
    // found out before the work
    expect(stderr).not.toContain('measuring');
  });

  test('a text key that the model cannot read', async () => {
    const patch = measured.file('patch.png');
    await writeFile(patch, await noisePng('patch'));
    const trigger = (key: string): string => `trojvqa:file=${patch},key=${key}`;
    const long = await runPhotos(...attack(trigger('x'.repeat(40)), 'cat'));
    expect({ code: long.code, stdout: long.stdout }).toEqual({ code: 2, stdout: '' });
    expect(long.stderr).toContain('so that captions fit, got one of');
    expect(long.stderr).not.toContain('measuring');
    expect((await runPhotos(...attack(trigger('SUDO'), 'cat'))).code).toBe(0);
  });

  test('a trigger of another model is measured, and told', async () => {
    const foreign = await runPhotos(...attack('zoo:badnet', 'cat'));
    expect(foreign.code).toBe(0);
    expect(foreign.stderr.match(/from the manifest of another model/g)).toHaveLength(1);
    const folder = path.resolve('assets/zoo/badnet');
    const own = await run('--model', folder, '--data', measured.data, ...attack('zoo:badnet', 'cat'));
    expect(own.code).toBe(0);
    expect(own.stderr).not.toContain('another model');
  });

  async function refusal(argv: string[]): Promise<string> {
    const { code, stdout, stderr } = await run(...argv, '--json');
    expect(code).toBe(2);
    expect(stderr).not.toContain('    at ');
    return z.object({ error: z.object({ message: z.string() }) }).parse(JSON.parse(stdout)).error.message;
  }

  test('no model, no data, data without images', async () => {
    const nothing = measured.file('nothing');
    const empty = measured.file('empty');
    await mkdir(path.join(empty, 'cat'), { recursive: true });
    expect(await refusal(['--model', nothing, '--data', measured.data])).toContain('nothing at that path');
    expect(await refusal(['--model', goldenModel, '--data', nothing])).toContain('nothing');
    expect(await refusal(['--model', goldenModel, '--data', empty])).toContain('empty');
    expect(await refusal(['--model', measured.data, '--data', measured.data])).toContain(measured.data);
  });

  test('class names that two classes have', async () => {
    const names = measured.file('names.txt');
    await writeFile(names, 'bird,animal\nboat,boat\ncat,animal\ndog,dog\n');
    expect(await refusal(['--model', goldenModel, '--data', measured.data, '--class-names', names])).toContain(
      'class names that more than one class has: animal',
    );
  });

  test('prompts of another model, and files that hold none', async () => {
    const file = measured.file('foreign.safetensors');
    const withPrompts = (given: string): string[] => [
      '--model',
      goldenModel,
      '--data',
      measured.data,
      '--prompts',
      given,
    ];
    await writeFile(file, encodePrompts(measured.prompts, 3, { model: 'f'.repeat(64), method: 'rvpt', alpha: 2 }));
    expect(await refusal(withPrompts(file))).toMatch(
      new RegExp(
        `expected prompts for the model with sha256 ${measured.sha256}, got prompts for the model f{64}|got prompts for f{64}`,
      ),
    );
    expect(await refusal(withPrompts(path.join(goldenModel, 'model.safetensors')))).toContain(
      'expected visual prompts',
    );
    expect(await refusal(withPrompts(path.join(goldenModel, 'config.json')))).toContain('config.json');
    expect(await refusal(withPrompts(goldenModel))).toContain('rvpt');
    expect(await refusal(withPrompts(await measured.writeRun('unfinished', photoClasses, false)))).toContain(
      'a finished run',
    );
  });

  test('a checkpoint without a text tower', async () => {
    const file = measured.file('vision.safetensors');
    const tensors = [...(await tinyStateDict('huggingface'))].filter(([name]) => !name.startsWith('text'));
    await writeFile(file, writeSafetensors(new Map(tensors), new Map()));
    expect(await refusal(['--model', file, '--data', measured.data])).toMatch(/text/);
  });

  test('a config with keys that no option has', async () => {
    const config = measured.file('evaluate.yaml');
    await writeFile(config, `model: ${goldenModel}\ndata: ${measured.data}\ntriger: badnet\nshots: 4\n`);
    const message = await refusal(['--config', config]);
    expect(message).toContain('triger in');
    expect(message).toContain('did you mean trigger?');
    expect(message).toContain('shots in');
  });
});
