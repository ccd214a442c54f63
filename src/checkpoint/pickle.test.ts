import { describe, expect, test } from 'vitest';

import { unpickle } from './pickle.js';
import type { PickleValue } from './pickle-value.js';

/** Unpickles what Python printed: characters are bytes. */
function load(pickle: string): PickleValue {
  const bytes = Uint8Array.from(pickle, (character) => character.charCodeAt(0));
  return unpickle('test.pkl', bytes, 0, (id) => ['loaded', id]).value;
}

// each is the output of `pickle.dumps(value, protocol)` of Python 3.11
describe('pickles that Python wrote', () => {
  test.each<[string, string, unknown]>([
    ['None, 0', 'N.', null],
    ['True, 0', 'I01\n.', true],
    ['False, 2', '\x80\x02\x89.', false],
    ['-5, 0', 'I-5\n.', -5],
    ['2**70, 0', 'L1180591620717411303424L\n.', 2n ** 70n],
    ['-2**40, 2', '\x80\x02\x8a\x06\x00\x00\x00\x00\x00\xff.', -(2 ** 40)],
    ['0 by LONG1', '\x80\x02\x8a\x00.', 0],
    ['70000, 2', '\x80\x02Jp\x11\x01\x00.', 70000],
    ['300, 2', '\x80\x02M,\x01.', 300],
    ['0.1, 2', '\x80\x02G?\xb9\x99\x99\x99\x99\x99\x9a.', 0.1],
    ['-1e-7, 0', 'F-1e-07\n.', -1e-7],
    ['"é", 2', '\x80\x02X\x02\x00\x00\x00\xc3\xa9q\x00.', 'é'],
    ['"ab", 4', '\x80\x04\x95\x06\x00\x00\x00\x00\x00\x00\x00\x8c\x02ab\x94.', 'ab'],
    ['[1, [2]], 2', '\x80\x02]q\x00(K\x01]q\x01K\x02ae.', [1, [2]]],
    ['(1, 2, 3, 4), 0', '(I1\nI2\nI3\nI4\ntp0\n.', [1, 2, 3, 4]],
    ['(), 2', '\x80\x02).', []],
    ['{"a": (1, 2)}, 2', '\x80\x02}q\x00X\x01\x00\x00\x00aq\x01K\x01K\x02\x86q\x02s.', new Map([['a', [1, 2]]])],
    ['{1, 2}, 4', '\x80\x04\x95\x09\x00\x00\x00\x00\x00\x00\x00\x8f\x94(K\x01K\x02\x90.', new Set([1, 2])],
    ['b"\\x00\\xff", 3', '\x80\x03C\x02\x00\xffq\x00.', Uint8Array.of(0, 255)],
    [
      'OrderedDict(a=1), 2',
      '\x80\x02ccollections\nOrderedDict\nq\x00)Rq\x01X\x01\x00\x00\x00aq\x02K\x01s.',
      new Map([['a', 1]]),
    ],
    ['[x, x] with x = "ab", 2', '\x80\x02]q\x00(X\x02\x00\x00\x00abq\x01h\x01e.', ['ab', 'ab']],
  ])('%s', (_, pickle, expected) => {
    expect(load(pickle)).toEqual(expected);
  });
});

test('persistent ids go to the host', () => {
  expect(load('\x80\x02K\x07Q.')).toEqual(['loaded', 7]);
});

test('TorchScript modules are bags of attributes, NumPy scalars are labels', () => {
  expect(load('\x80\x02c__torch__.clip\nCLIP\n)\x81}X\x01\x00\x00\x00wK\x05sb.')).toEqual({
    kind: 'bag',
    className: '__torch__.clip.CLIP',
    attributes: new Map([['w', 5]]),
  });
  const dtype = 'cnumpy\ndtype\nX\x02\x00\x00\x00f8K\x00K\x01\x87R(K\x03tb';
  const scalar = `\x80\x02cnumpy.core.multiarray\nscalar\n${dtype}c_codecs\nencode\nX\x01\x00\x00\x00xX\x06\x00\x00\x00latin1\x86R\x86R.`;
  expect(load(scalar)).toEqual({ kind: 'opaque', name: 'numpy.core.multiarray.scalar' });
});

test('attributes of a state dict (`_metadata`) are dropped', () => {
  const pickle = '\x80\x02ccollections\nOrderedDict\n)R}X\x09\x00\x00\x00_metadataNsb.';
  expect(load(pickle)).toEqual(new Map());
});

test('the end of the pickle is where the next one starts', () => {
  const bytes = Uint8Array.from('K\x01.K\x02.', (character) => character.charCodeAt(0));
  const load = (start: number) => unpickle('test.pkl', bytes, start, (id) => id);
  expect(load(0)).toEqual({ value: 1, end: 3 });
  expect(load(3)).toEqual({ value: 2, end: 6 });
});

test.each([
  ['an empty stack', '.', /value on the stack/],
  ['a list below a mark', '](K\x01a.', /value on the stack/],
  ['no mark', 'K\x01t.', /a mark/],
  ['a memo that was never stored', 'h\x05.', /memo 5/],
  ['half a pair', '}(K\x01u.', /pairs/],
  ['appending to a dict', '}K\x01a.', /list to append to, got a dict of 0/],
  ['setting items of a list', ']K\x01K\x02s.', /dict to fill, got a list of 0/],
  ['protocol 9', '\x80\x09N.', /protocol 9/],
  ['not a number', 'Iabc\n.', /"abc"/],
  ['not UTF-8', 'X\x01\x00\x00\x00\xff.', /UTF-8/],
])('%s is malformed', (_, pickle, message) => {
  expect(() => load(pickle)).toThrow(message);
});
