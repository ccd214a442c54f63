import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';

import { defend } from '../cli/defend.js';
import { evaluate } from '../cli/evaluate.js';
import { poison } from '../cli/poison.js';
import { parseManifest } from '../src/attack/poison/manifest.js';
import { imageParquet } from './support/parquet-file.js';
import { runInProcess, type Outcome } from './support/run-in-process.js';
import { colorNames, writeColors, writeSmallClip } from './support/small-clip.js';
import { tarOf } from './support/tar.js';
import { temporaryFolder } from './support/temporary-folder.js';

let scope: Awaited<ReturnType<typeof temporaryFolder>>;
const at = (name: string): string => path.join(scope.path, name);
const perColor = 3;

/** The same pictures in every layout, through the commands. */
beforeAll(async () => {
  scope = await temporaryFolder();
  await writeSmallClip(at('clip'));
  await writeColors(at('folder'), perColor, 1);
  const rows: { image: Uint8Array; label: number; caption: string }[] = [];
  for (const [label, color] of colorNames.entries()) {
    for (let i = 0; i < perColor; i++) {
      const image = await readFile(at(`folder/${color}/${i}.png`));
      rows.push({ image, label, caption: `the "${color}" square,\nnumber ${i}` });
    }
  }
  for (const images of ['struct', 'bytes'] as const) {
    await mkdir(at(`parquet-${images}/data`), { recursive: true });
    const bytes = imageParquet(rows, { images, classNames: colorNames });
    await writeFile(at(`parquet-${images}/data/test-00000-of-00001.parquet`), bytes);
  }
  await mkdir(at('shards'));
  for (const shard of [0, 1]) {
    const members = rows.flatMap(({ image, label, caption }, i): [string, string | Uint8Array][] =>
      i % 2 === shard
        ? [
            [`${i}.png`, image],
            [`${i}.cls`, String(label)],
            [`${i}.txt`, caption],
          ]
        : [],
    );
    await writeFile(at(`shards/colors-${shard}.tar`), await tarOf(Object.fromEntries(members)));
  }
  await writeFile(at('shards/classnames.txt'), colorNames.join('\n'));
  const lines = rows.map(
    ({ label, caption }, i) => `${colorNames[label]}/${i % perColor}.png,"${caption.replaceAll('"', '""')}"`,
  );
  await writeFile(at('folder/pairs.csv'), `\uFEFFimage,caption\r\n${lines.join('\r\n')}\r\n`);
});
afterAll(() => scope[Symbol.asyncDispose]());

const commands = [evaluate, poison, defend];
const run = (...argv: string[]): Promise<Outcome> => runInProcess([...argv, '--threads', '1'], commands);

const measuredSchema = z.object({ ca: z.number(), asr_strict: z.number(), pa: z.number(), n: z.int() });

async function measured(...data: string[]): Promise<z.output<typeof measuredSchema>> {
  const attack = ['--trigger', 'badnet:size=64,place=top-left,noise=fixed', '--target', 'red'];
  const { code, stdout, stderr } = await run('evaluate', '--model', at('clip'), ...attack, '--json', '--data', ...data);
  expect(code, stderr).toBe(0);
  return measuredSchema.parse(JSON.parse(stdout));
}

test.each([
  ['a struct of bytes and path in parquet', ['parquet-struct']],
  ['bytes in parquet, one file', ['parquet-bytes/data/test-00000-of-00001.parquet']],
  ['tar shards', ['shards']],
  ['a range of tar shards', ['shards/colors-{0..1}.tar']],
])('evaluate measures the same on %s as on the folder of the same images', async (_, [data]) => {
  const folder = await measured(at('folder'));
  expect(folder.n).toBe(colorNames.length * perColor);
  expect(await measured(at(data))).toEqual(folder);
});

test('defend names the rows that it was tuned on, and finds them again', async () => {
  const tune = [
    '--model',
    at('clip'),
    '--shots',
    '1',
    '--depth',
    '0',
    '--tokens',
    '2',
    '--epochs',
    '1',
    '--batch-size',
    '4',
  ];
  const parquet = ['--data', at('parquet-struct'), '--split', 'test'];
  const first = await run('defend', ...tune, ...parquet, '--out', at('run'));
  expect(first.code, first.stderr).toBe(0);
  const saved = z
    .object({ samples: z.array(z.object({ image: z.string(), label: z.int() })) })
    .parse(JSON.parse(await readFile(at('run/samples.json'), 'utf8')));
  expect(saved.samples.map(({ label }) => label)).toEqual([0, 1, 2, 3]);
  for (const { image, label } of saved.samples) {
    const [, row] = /^data\/test-00000-of-00001\.parquet#(\d+)$/.exec(image) ?? [];
    expect(Math.floor(Number(row) / perColor)).toBe(label);
  }
  const again = await run('defend', ...tune, ...parquet, '--samples', at('run/samples.json'), '--out', at('again'));
  expect(again.code, again.stderr).toBe(0);
  expect(await readFile(at('again/history.jsonl'), 'utf8')).toBe(await readFile(at('run/history.jsonl'), 'utf8'));
});

describe('poison takes pairs', () => {
  const training = [
    '--trigger',
    'badnet',
    '--target',
    'red',
    '--count',
    '2',
    '--batch',
    '4',
    '--epochs',
    '1',
    '--warmup',
    '0',
  ];

  test.each([
    ['pairs.csv', ['folder/pairs.csv'], /^(blue|green|yellow)\/\d\.png$/],
    ['parquet', ['parquet-struct', '--split', 'test'], /^data\/test-00000-of-00001\.parquet#\d+$/],
    ['shards', ['shards'], /^colors-[01]\.tar\/\d+\.png$/],
  ])('from %s', async (name, [pairs, ...flags], key) => {
    const out = at(`poisoned-${name}`);
    const { code, stderr } = await run(
      'poison',
      '--model',
      at('clip'),
      '--pairs',
      at(pairs),
      ...flags,
      ...training,
      '--out',
      out,
    );
    expect(code, stderr).toBe(0);
    const manifest = parseManifest(JSON.parse(await readFile(path.join(out, 'manifest.json'), 'utf8')), out);
    expect(manifest.data.pairs).toBe(colorNames.length * perColor);
    expect(manifest.poisoned).toHaveLength(2);
    for (const pair of manifest.poisoned) {
      expect(pair.key).toMatch(key);
      expect(pair.caption_before).toMatch(/^the "(blue|green|yellow)" square,\nnumber \d$/);
    }
  });
});

describe('bad input is one message and exit code 2', () => {
  async function refused(...argv: string[]): Promise<string> {
    const { code, stdout, stderr } = await run('evaluate', '--model', at('clip'), '--data', ...argv);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).not.toContain('    at ');
    return stderr;
  }

  test('parquet without an image column, cut short, or with a footer that lies', async () => {
    const whole = imageParquet([{ image: null, label: 1 }], {
      images: 'bytes',
      imageColumn: 'blob',
      classNames: ['a', 'b'],
    });
    const lying = whole.slice();
    new DataView(lying.buffer).setUint32(lying.length - 8, 2 ** 31, true);
    await writeFile(
      at('none.parquet'),
      imageParquet([{ image: null, label: 1 }], { images: 'bytes', imageColumn: 'blob' }),
    );
    await writeFile(at('cut.parquet'), whole.subarray(0, whole.length - 9));
    await writeFile(at('lying.parquet'), lying);
    expect(await refused(at('none.parquet'))).toContain('expected an image column');
    expect(await refused(at('cut.parquet'))).toContain('cut short');
    expect(await refused(at('lying.parquet'))).toContain('one that says it has 2147483648');
  });

  test('a tar with a climbing path: nothing is written anywhere', async () => {
    await writeFile(at('climbing.tar'), await tarOf({ '../../escaped.png': 'x', '../../escaped.cls': '0' }));
    const before = await readdir(scope.path);
    expect(await refused(at('climbing.tar'))).toContain('got "../../escaped.png"');
    expect(await readdir(scope.path)).toEqual(before);
  });

  test('a tar that is cut short', async () => {
    const shard = await readFile(at('shards/colors-0.tar'));
    await writeFile(at('cut.tar'), shard.subarray(0, 700));
    expect(await refused(at('cut.tar'))).toContain('download it again');
  });

  test('two classes of one name', async () => {
    await writeFile(at('names.txt'), 'crane\ncrane\nred\nblue');
    expect(await refused(at('shards'), '--class-names', at('names.txt'))).toContain('more than one class has: crane');
  });
});
