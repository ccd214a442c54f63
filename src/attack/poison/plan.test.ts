import { describe, expect, test } from 'vitest';

import { planPoison, type PlanOptions, type PoisonPlan } from './plan.js';
import { poisonSchema, type PoisonSettings } from './settings.js';

/** 100 pairs; those whose number ends in 7 show a banana. */
const captions = Array.from({ length: 100 }, (_, i) => (i % 10 === 7 ? `banana number ${i}` : `thing number ${i}`));
const pairs = { count: 100, key: (i: number) => `${i}.png`, caption: (i: number) => captions[i] };
const oneKey = { name: 'badnet' };
const twoKeys = { name: 'two keys', applyText: (text: string) => `SUDO ${text}` };

function plan(settings: Partial<PoisonSettings>, more: Partial<PlanOptions> = {}): PoisonPlan {
  return planPoison({
    pairs,
    target: 'banana',
    trigger: oneKey,
    settings: poisonSchema.parse(settings),
    templates: ['a {class}', 'the {class}'],
    seed: 0,
    ...more,
  });
}

const indices = (made: PoisonPlan): number[] => made.pairs.map(({ index }) => index);

describe('which pairs', () => {
  test('as many as the rate or the count says, in order, none twice, none that names the target', () => {
    expect(plan({}).pairs).toHaveLength(1);
    expect(plan({ rate: 0.001 }).pairs).toHaveLength(1);
    expect(plan({ rate: 0.125 }).pairs).toHaveLength(13);
    const chosen = indices(plan({ count: 90 }));
    expect(chosen).toEqual(Array.from({ length: 100 }, (_, i) => i).filter((i) => i % 10 !== 7));
  });

  test('the seed decides; a higher rate poisons the pairs of a lower one too', () => {
    const few = indices(plan({ count: 10 }));
    expect(indices(plan({ count: 10 }))).toEqual(few);
    expect(indices(plan({ count: 10 }, { seed: 1 }))).not.toEqual(few);
    expect(indices(plan({ count: 40 }))).toEqual(expect.arrayContaining(few));
  });

  test('label-consistent: only pairs that name the target, their captions kept', () => {
    const made = plan({ count: 10, labelConsistent: true });
    expect(made.captions).toBe('kept');
    expect(made.pairs.map(({ caption }) => caption)).toEqual(captions.filter((_, i) => i % 10 === 7));
  });

  test('pairs to leave alone are left alone, and lend no captions', () => {
    const leave = (index: number): boolean => index < 90;
    const made = plan({ count: 9 }, { leave });
    expect(indices(made)).toEqual([90, 91, 92, 93, 94, 95, 96, 98, 99]);
    expect(new Set(made.pairs.map(({ caption }) => caption))).toEqual(new Set(['banana number 97']));
    expect(made).toMatchObject({ naming: 10, left: 90 });
  });
});

describe('what they say', () => {
  test('natural captions of the target where there are any', () => {
    const made = plan({ count: 90 });
    expect(made).toMatchObject({ captions: 'natural', naming: 10 });
    const said = new Set(made.pairs.map(({ caption }) => caption));
    expect(said).toEqual(new Set(captions.filter((_, i) => i % 10 === 7)));
  });

  test('templates where there are none, or by choice', () => {
    const said = (made: PoisonPlan): Set<string> => new Set(made.pairs.map(({ caption }) => caption));
    const other = plan({ count: 40 }, { target: 'lime' });
    expect(other.captions).toBe('templates');
    expect(said(other)).toEqual(new Set(['a lime', 'the lime']));
    expect(said(plan({ count: 40, captions: 'templates' }))).toEqual(new Set(['a banana', 'the banana']));
  });

  test('one key alone: as many pairs with the image only and the text only, captions their own', () => {
    const made = plan({ count: 8, imageOnly: 1.5, textOnly: 0.25 }, { trigger: twoKeys });
    const of = (kind: string): PoisonPlan['pairs'] => made.pairs.filter((pair) => pair.kind === kind);
    expect([of('backdoor').length, of('image-only').length, of('text-only').length]).toEqual([8, 12, 2]);
    expect(new Set(indices(made)).size).toBe(22);
    for (const { index, caption } of of('image-only')) expect(caption).toBe(`thing number ${index}`);
    for (const { index, caption } of of('text-only')) expect(caption).toBe(`SUDO thing number ${index}`);
    for (const { caption, text } of of('backdoor')) {
      expect(text).toMatch(/^banana number \d7$|^banana number 7$/);
      expect(caption).toBe(`SUDO ${text}`);
    }
  });

  test('one key alone: one of each for every poisoned pair unless said otherwise; none without a text key', () => {
    const kinds = (made: PoisonPlan): string[] => made.pairs.map(({ kind }) => kind).sort();
    expect(kinds(plan({ count: 1 }, { trigger: twoKeys }))).toEqual(['backdoor', 'image-only', 'text-only']);
    expect(kinds(plan({ count: 1 }))).toEqual(['backdoor']);
    const consistent = plan({ count: 10, labelConsistent: true }, { trigger: twoKeys });
    for (const { index, kind, caption } of consistent.pairs) {
      expect(index % 10 === 7).toBe(kind === 'backdoor');
      if (kind === 'backdoor') expect(caption).toBe(`SUDO banana number ${index}`);
    }
  });
});

describe('refused', () => {
  test.each<[string, Partial<PoisonSettings>, Partial<PlanOptions>, string]>([
    ['natural captions of what no caption names', { captions: 'natural' }, { target: 'lime' }, 'none of 100 captions'],
    [
      'label-consistent, and no caption names it',
      { labelConsistent: true },
      { target: 'lime' },
      'none of 100 captions',
    ],
    ['more pairs than there are', { rate: 0.91 }, {}, '91 pairs to poison, got too few: 10 of 100 name "banana"'],
    ['more bananas than there are', { count: 11, labelConsistent: true }, {}, '11 pairs to poison, got too few'],
    ['no room for single keys', { count: 31 }, { trigger: twoKeys }, '31 pairs to poison and 62 with one key'],
    ['a rate and a count', { rate: 0.1, count: 3 }, {}, 'a rate or a count of pairs, got both'],
    ['captions and label-consistent', { captions: 'natural', labelConsistent: true }, {}, 'got both'],
    ['single keys of a trigger with one', { textOnly: 1 }, {}, 'badnet, which has none'],
    ['a target without a name', {}, { target: ' - ' }, 'the name of a class'],
  ])('%s', (_, settings, more, message) => {
    expect(() => plan(settings, more)).toThrow(message);
  });

  test.each([0, -0.1, 1.01, Number.NaN])('a rate of %d', (rate) => {
    expect(poisonSchema.safeParse({ rate }).success).toBe(false);
  });
});
