import { describe, expect, test } from 'vitest';
import { z } from 'zod';

import { completeManifest, isPoisonManifest, parseManifest, refuseOtherModel, type PoisonRecord } from './manifest.js';
import { poisonSchema } from './settings.js';

const sha = (digit: string): string => digit.repeat(64);
const pair = {
  key: 'cat/1.png',
  kind: 'backdoor',
  caption_before: 'a cat',
  caption_after: 'a banana',
  image_sha256: sha('d'),
} as const;
const record: PoisonRecord = {
  format: 'rvpt-poison-1',
  seed: 3,
  trigger: { name: 'badnet', settings: { size: 16 }, seed: 3 },
  trigger_files: {},
  target: 'banana',
  settings: { ...poisonSchema.parse({ rate: 0.5 }), templates: ['a {class}'] },
  base_model: { sha256: sha('a') },
  data: { location: 'photos', sha256: sha('b'), pairs: 4, naming_target: 1, left_alone: 0 },
  captions: 'templates',
  poisoned: [
    { ...pair, index: 0, box: [1, 2, 3, 4] },
    { ...pair, index: 3, box: null },
  ],
};
const written = (): Record<string, unknown> =>
  z
    .record(z.string(), z.unknown())
    .parse(JSON.parse(JSON.stringify(completeManifest(record, sha('c'), { rvpt: '1' }))));

test('what is written reads back', () => {
  expect(parseManifest(written(), 'manifest.json')).toEqual({
    ...record,
    model: { sha256: sha('c') },
    versions: { rvpt: '1' },
  });
});

describe('a manifest is hostile until it is parsed', () => {
  test.each<[string, unknown, string]>([
    ['another kind of JSON', { name: 'app' }, 'expected a manifest of a poisoned model (rvpt-poison-1), got something'],
    ['no object', [1], 'something else'],
    ['another version', { ...written(), format: 'rvpt-poison-2' }, 'got rvpt-poison-2. Another version of rvpt'],
    ['hashes that are none', { ...written(), base_model: { sha256: '../..' } }, 'base_model.sha256: a sha256'],
    ['a kind of poison that there is not', { ...written(), poisoned: [{ ...pair, kind: 'x' }] }, 'poisoned.0.kind'],
    ['pairs beyond the last', { ...written(), poisoned: [{ ...pair, index: 4, box: null }] }, 'beyond the 4 pairs: 4'],
    [
      'a pair twice',
      { ...written(), poisoned: [1, 1].map((index) => ({ ...pair, index, box: null })) },
      'come more than once: 1',
    ],
    ['settings that cannot be', { ...written(), settings: { rate: 2, templates: [] } }, 'settings.rate'],
  ])('%s', (_, json, message) => {
    expect(() => parseManifest(json, 'manifest.json')).toThrow(message);
  });

  test('every problem is told at once', () => {
    const broken = { ...written(), seed: 'x', target: 3 };
    expect(() => parseManifest(broken, 'manifest.json')).toThrow(/read manifest.json: .*seed: .*; target: /);
  });
});

test('other versions are recognised, other files are not', () => {
  expect([written(), { format: 'rvpt-poison-9' }, { format: 'x' }, null].map(isPoisonManifest)).toEqual([
    true,
    true,
    false,
    false,
  ]);
});

test('the manifest of another model is refused', () => {
  const manifest = parseManifest(written(), 'manifest.json');
  refuseOtherModel(manifest, sha('c'), 'manifest.json');
  expect(() => {
    refuseOtherModel(manifest, sha('a'), 'manifest.json');
  }).toThrow('expected the manifest of this model (sha256 aaaaaaaaaaaa…), got that of another (cccccccccccc…)');
});
