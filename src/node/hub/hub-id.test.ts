import { describe, expect, test } from 'vitest';

import { isSafePath, parseHubDataset, parseHubModel } from './hub-id.js';

const model = (name: string): object => ({ type: 'model', name });

describe('a model', () => {
  test.each([
    ['hf:openai/clip-vit-base-patch32', { repository: model('openai/clip-vit-base-patch32'), revision: 'main' }],
    ['hf:gpt2', { repository: model('gpt2'), revision: 'main' }],
    ['hf:a/b@v1.0', { repository: model('a/b'), revision: 'v1.0' }],
    ['hf:a/b@refs/pr/3', { repository: model('a/b'), revision: 'refs/pr/3' }],
    ['hf:a/b/sub/epoch_5.pt@dev', { repository: model('a/b'), revision: 'dev', file: 'sub/epoch_5.pt' }],
  ])('%s', (text, expected) => {
    expect(parseHubModel(text)).toEqual(expected);
  });

  test.each([
    'hf:',
    'hf:/b',
    'hf:a/',
    'hf:a--b/c',
    'hf:../b',
    'hf:a/..',
    'hf:a/b@',
    'hf:a/b@../../x',
    'hf:a/b@a//b',
    'hf:a/b/../c',
    'hf:a/b/c\\d',
    'hf:a b/c',
    'hf:a/b.git',
    `hf:a/${'b'.repeat(96)}`,
  ])('%s is none', (text) => {
    expect(() => parseHubModel(text)).toThrow('expected hf:owner/name[/file][@revision]');
  });
});

describe('a data set', () => {
  test.each([
    ['hf:a/b', { revision: 'main' }],
    ['hf:a/b:test', { revision: 'main', split: 'test' }],
    ['hf:a/b@refs/convert/parquet:test', { revision: 'refs/convert/parquet', split: 'test' }],
  ])('%s', (text, expected) => {
    expect(parseHubDataset(text)).toEqual({ repository: { type: 'dataset', name: 'a/b' }, ...expected });
  });

  test.each(['hf:a/b:', 'hf:a/b:x/y', 'hf:a/b:test@main', 'hf:a/b/c', 'hf:a/b:../x'])('%s is none', (text) => {
    expect(() => parseHubDataset(text)).toThrow('expected hf:owner/name[@revision][:split]');
  });
});

test('paths that stay where they are put, on every system', () => {
  for (const path of ['a', 'a/b.c', 'a b/ü.jpg', '...', '-x']) expect(isSafePath(path)).toBe(true);
  const unsafe = ['', '/a', 'a/', 'a//b', '.', '..', 'a/../b', '../a', 'a\\b', 'C:a', 'a/b:c', 'a\0', 'a\nb'];
  for (const path of [...unsafe, 'a'.repeat(1025)]) expect(isSafePath(path)).toBe(false);
});
