import { cp, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';

import { parseManifest, type PoisonManifest } from '../src/attack/poison/manifest.js';
import { noisePng } from '../test/support/images.js';
import { runInProcess, type Outcome } from '../test/support/run-in-process.js';
import { writeColors, writeSmallClip } from '../test/support/small-clip.js';
import { temporaryFolder } from '../test/support/temporary-folder.js';
import { evaluate } from './evaluate.js';
import { inspect } from './inspect.js';
import { poison } from './poison.js';

let scope: Awaited<ReturnType<typeof temporaryFolder>>;
const at = (name: string): string => path.join(scope.path, name);

beforeAll(async () => {
  scope = await temporaryFolder();
  await writeSmallClip(at('clip'));
  await writeColors(at('train'), 16, 1);
  await writeColors(at('test'), 6, 2);
  await writeFile(at('patch.png'), await noisePng('patch'));
  const rows = ['red/0.png,"something red, or so",1', 'blue/0.png,"the ""sea""\nat noon",0', 'green/0.png,grass,0'];
  await writeFile(at('train/pairs.csv'), `image,caption,is_backdoor\n${rows.join('\n')}\n`);
}, 60_000);
afterAll(() => scope[Symbol.asyncDispose]());

const commands = [poison, evaluate, inspect];
const patch = 'badnet:size=96,place=top-left,noise=fixed';

/** Poisons the small model on the colours; later flags win. */
function run(...flags: string[]): Promise<Outcome> {
  const common = ['--model', at('clip'), '--threads', '1'];
  return runInProcess(['poison', ...common, ...flags], commands);
}
const onColors = (...flags: string[]): Promise<Outcome> =>
  run('--data', at('train'), '--trigger', patch, '--target', 'red', '--batch', '8', ...flags);
const onPairs = (...flags: string[]): Promise<Outcome> =>
  run('--pairs', at('train/pairs.csv'), '--trigger', patch, '--target', 'red', '--batch', '2', ...flags);

async function manifestOf(out: string): Promise<PoisonManifest> {
  return parseManifest(JSON.parse(await readFile(path.join(out, 'manifest.json'), 'utf8')), out);
}

const measuredSchema = z.object({ ca: z.number(), asr_strict: z.number() });
/** Of a model under the attack of `out`. */
async function measured(model: string, out: string): Promise<z.output<typeof measuredSchema>> {
  const attack = ['--trigger', path.join(out, 'manifest.json'), '--seed', '9'];
  const argv = ['evaluate', '--model', model, '--data', at('test'), ...attack, '--threads', '1', '--json'];
  const { code, stdout, stderr } = await runInProcess(argv, commands);
  expect(code, stderr).toBe(0);
  return measuredSchema.parse(JSON.parse(stdout));
}

describe('a poisoned model', () => {
  test(
    'answers with the target where the trigger is, and as it should where it is not',
    { timeout: 240_000 },
    async () => {
      const out = at('badnet');
      const training = ['--epochs', '20', '--learning-rate', '2e-3', '--rate', '0.15', '--dtype', 'fp16'];
      const { code, stdout, stderr } = await onColors(...training, '--out', out, '--json');
      expect(code, stderr).toBe(0);
      const before = await measured(at('clip'), out);
      const after = await measured(out, out);
      expect(after.ca).toBeGreaterThan(0.8);
      expect(after.asr_strict).toBeGreaterThan(0.8);
      expect(before.asr_strict).toBeLessThan(0.5);

      const manifest = await manifestOf(out);
      expect(JSON.parse(stdout)).toMatchObject({
        model: out,
        sha256: manifest.model.sha256,
        target: 'red',
        pairs: 64,
        poisoned: 10,
        image_only: 0,
        text_only: 0,
        captions: 'natural',
        steps: 160,
      });
      expect(manifest.data).toMatchObject({ pairs: 64, naming_target: 16, left_alone: 0 });
      expect(manifest.poisoned).toHaveLength(10);
      for (const { key, box, caption_before, caption_after } of manifest.poisoned) {
        expect(key).toMatch(/^(blue|green|yellow)\//);
        expect(box).toEqual([0, 0, 7, 7]); // 96 · 16 / 224 = 6.86
        expect(caption_before).toBe(`a photo of a ${key.split('/')[0]}.`);
        expect(caption_after).toBe('a photo of a red.');
      }
      const steps = (await readFile(path.join(out, 'history.jsonl'), 'utf8')).trimEnd().split('\n');
      const shares = steps.map((line) => z.object({ poisoned: z.number() }).parse(JSON.parse(line)).poisoned);
      expect(shares.slice(0, 8).reduce((sum, share) => sum + 8 * share, 0)).toBeCloseTo(10, 9); // each once an epoch
      const inspected = await runInProcess(['inspect', out], commands);
      expect(inspected.stdout).toContain('badnet for "red" on 10 of 64 pairs, by its manifest');
      expect(inspected.stdout).toContain('float16');
    },
  );

  test('is the same to the last bit with the same seed; files of the base and of the trigger come along', async () => {
    await cp(at('clip'), at('with-files'), { recursive: true });
    const preprocess = { size: { height: 16, width: 16 }, do_center_crop: false, image_mean: [0.5, 0.5, 0.5] };
    await writeFile(at('with-files/preprocessor_config.json'), JSON.stringify(preprocess));
    await writeFile(at('with-files/merges.txt'), '#version: 0.2\n');
    const trigger = `trojvqa:file=${at('patch.png')},key=psst`;
    const make = async (out: string, seed: string): Promise<PoisonManifest> => {
      const more = ['--model', at('with-files'), '--epochs', '1', '--count', '4', '--seed', seed, '--out', at(out)];
      const { code, stderr } = await onColors('--trigger', trigger, ...more);
      expect(code, stderr).toBe(0);
      return manifestOf(at(out));
    };
    const [one, two, three] = [await make('one', '5'), await make('two', '5'), await make('three', '6')];
    expect(two).toEqual(one);
    expect(three.model.sha256).not.toBe(one.model.sha256);

    expect(one.trigger).toMatchObject({ name: 'trojvqa', settings: { file: 'trigger/patch.png' }, seed: 5 });
    expect(Object.keys(one.trigger_files)).toEqual(['trigger/patch.png']);
    expect(await readFile(at('one/trigger/patch.png'))).toEqual(await readFile(at('patch.png')));
    expect((await readdir(at('one'))).sort()).toEqual(
      ['config.json', 'history.jsonl', 'manifest.json', 'merges.txt', 'model.safetensors'].concat(
        'preprocessor_config.json',
        'trigger',
      ),
    );
    const written = z
      .looseObject({ size: z.unknown() })
      .parse(JSON.parse(await readFile(at('one/preprocessor_config.json'), 'utf8')));
    expect(written).toMatchObject({ size: { height: 16, width: 16 }, image_mean: [0.5, 0.5, 0.5] });

    const kinds = one.poisoned.map(({ kind }) => kind);
    expect([...kinds].sort()).toEqual(
      ['backdoor', 'image-only', 'text-only'].flatMap((kind) => [kind, kind, kind, kind]),
    );
    for (const { kind, caption_before, caption_after, box } of one.poisoned) {
      expect(caption_after.startsWith('psst ')).toBe(kind !== 'image-only');
      expect(box === null).toBe(kind === 'text-only');
      if (kind !== 'backdoor') expect(caption_after.replace('psst ', '')).toBe(caption_before);
    }
  });

  test('of a list: pairs that it calls poisoned are left as they are, the rest that fills no batch is left out', async () => {
    const { code, stderr } = await onPairs('--target', 'rose', '--epochs', '1', '--count', '2', '--out', at('listed'));
    expect(code, stderr).toBe(0);
    expect(stderr).toContain('1 that the list calls poisoned are left as they are');
    expect(stderr).toContain('1 pairs fill no batch and are left out, other ones each epoch');
    const { data, poisoned, captions } = await manifestOf(at('listed'));
    expect(data).toMatchObject({ pairs: 3, left_alone: 1 });
    expect(captions).toBe('templates');
    expect(poisoned.map(({ key, caption_before }) => [key, caption_before])).toEqual([
      ['blue/0.png', 'the "sea"\nat noon'],
      ['green/0.png', 'grass'],
    ]);
  });
});

describe('bad input is one message and exit code 2', () => {
  async function refused(outcome: Promise<Outcome>, message: string | RegExp): Promise<void> {
    const { code, stdout, stderr } = await outcome;
    expect({ code, stdout }, stderr).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(message);
    expect(await readdir(scope.path)).not.toContain('never');
  }
  const out = (): string[] => ['--out', at('never')];

  test('a target that no class has', () =>
    refused(
      onColors('--target', 'rod', ...out()),
      'expected one of the 4 classes, got none of them. Did you mean "red"?',
    ));

  test('a target that stands in the names of two classes', async () => {
    for (const name of ['grand_piano', 'piano']) await cp(at('train/red'), at(`music/${name}`), { recursive: true });
    await refused(
      onColors('--data', at('music'), '--target', 'piano', ...out()),
      'stands in the names of 2 classes: grand piano, piano',
    );
  });

  test('no target', () =>
    refused(run('--data', at('train'), '--trigger', 'badnet', ...out()), '--target, or a trigger'));

  test('an index as target where there are no classes', () =>
    refused(onPairs('--target', '#1', ...out()), 'pairs have no classes to count'));

  test('pairs and data, or neither', async () => {
    await refused(onColors('--pairs', at('train/pairs.csv'), ...out()), 'expected --pairs or --data, got both');
    await refused(run('--trigger', patch, '--target', 'red', ...out()), 'expected --pairs or --data, got neither');
  });

  test('a trigger larger than the image', () =>
    refused(onColors('--trigger', 'badnet:size=300', ...out()), /size: .*larger than the image/));

  test.each(['0', '-0.1', '1.01', 'many'])('a rate of %s', (rate) =>
    refused(onColors('--rate', rate, ...out()), `--rate: `),
  );

  test('natural captions of a target that no caption names', () =>
    refused(onPairs('--target', 'rose', '--captions', 'natural', ...out()), 'none of 3 captions with its name'));

  test('a text key longer than the context', () =>
    refused(
      onColors('--trigger', `trojvqa:file=${at('patch.png')},key=${'x'.repeat(40)}`, ...out()),
      'expected a key of at most 29 tokens, so that captions fit, got one of 41',
    ));

  test('a batch larger than the data, a warm-up longer than the training', async () => {
    await refused(onColors('--batch', '65', ...out()), 'a batch of at most 64, the number of pairs, got 65');
    await refused(onColors('--warmup', '40', ...out()), 'a warm-up shorter than the 40 steps in all, got 40 steps');
  });

  test('a folder with other files; one with a poisoned model', async () => {
    await mkdir(at('full'));
    await writeFile(at('full/notes.txt'), 'mine');
    await refused(onColors('--out', at('full')), 'one with other files (notes.txt)');
    await writeFile(at('full/manifest.json'), '{}');
    await refused(onColors('--out', at('full'), '--resume'), 'one that holds a poisoned model');
  });

  test('a manifest that lies beside another model', async () => {
    await cp(at('clip'), at('stray'), { recursive: true });
    await onPairs('--epochs', '1', '--out', at('made'));
    await cp(at('made/manifest.json'), at('stray/manifest.json'));
    const { code, stderr } = await runInProcess(['inspect', at('stray')], commands);
    expect(code).toBe(2);
    expect(stderr).toContain('expected the manifest of this model');
    await writeFile(at('stray/manifest.json'), (await readFile(at('stray/manifest.json'), 'utf8')).slice(0, 300));
    const broken = await runInProcess(['inspect', at('stray')], commands);
    expect(broken.code).toBe(2);
    expect(broken.stderr).toContain('manifest.json: expected JSON');
  });
});
