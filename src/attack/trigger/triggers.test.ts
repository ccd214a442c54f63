import { describe, expect, it } from 'vitest';

import { InputError } from '../../core/errors.js';
import { raster, type Raster } from '../../core/raster.js';
import { parseTrigger, triggerKinds, triggerSettings } from './triggers.js';

const KEY = { seed: 7, imageKey: 'cat/1.png' };

/** A picture with a different value everywhere a byte allows. */
function gradient(width: number, height: number): Raster {
  return raster(
    width,
    height,
    Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 7) % 256),
  );
}

describe.each(triggerKinds.map((kind) => [kind.name, kind] as const))('every trigger: %s', (_, kind) => {
  const trigger = kind.create();

  it('gives the same pixels for the same seed and image, whatever came before', () => {
    const first = trigger.apply(gradient(20, 12), KEY);
    trigger.apply(gradient(20, 12), { seed: 8, imageKey: 'other' });
    expect(kind.create().apply(gradient(20, 12), { ...KEY })).toEqual(first);
    expect(trigger.apply(gradient(20, 12), { ...KEY, seed: 8 })).not.toEqual(first);
  });

  it('leaves its input as it was and changes a copy of the same size', () => {
    const image = gradient(9, 33);
    const triggered = trigger.apply(image, KEY);
    expect(image).toEqual(gradient(9, 33));
    expect(triggered).toMatchObject({ width: 9, height: 33 });
    expect(triggered.data).toHaveLength(9 * 33 * 3);
    expect(triggered.data).not.toEqual(image.data);
  });

  it('fits on the smallest image', () => {
    expect(trigger.apply(gradient(1, 1), KEY).data).toHaveLength(3);
  });

  it('says what it is, and describes every setting with a default', () => {
    expect(kind.summary).not.toBe('');
    const settings = triggerSettings(kind);
    expect(settings.map(({ name }) => name)).toEqual(Object.keys(trigger.settings));
    for (const { name, description, defaultValue } of settings) {
      expect(description, name).not.toBe('');
      expect(defaultValue, name).toBe(String(trigger.settings[name]));
    }
  });

  it('is what its name and settings, written out, ask for', () => {
    const written = triggerSettings(kind).map(({ name, defaultValue }) => `${name}=${defaultValue}`);
    expect(parseTrigger(kind.name).settings).toEqual(trigger.settings);
    expect(parseTrigger(`${kind.name}:${written.join(',')}`).settings).toEqual(trigger.settings);
  });
});

describe('the table', () => {
  it('has no name twice', () => {
    const names = triggerKinds.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });
});

describe('a trigger written as text', () => {
  it('takes numbers and words', () => {
    expect(parseTrigger('badnet:size=32, place=top-left')).toMatchObject({
      name: 'badnet',
      settings: { size: 32, place: 'top-left', noise: 'fresh', overflow: 'clip' },
    });
  });

  it.each([
    ['badent', /one of badnet, blended, got "badent"/],
    ['badnet:size=300', /size: the patch would be larger than the image/],
    ['badnet:size=0', /size: /],
    ['badnet:size=', /size: .*number/],
    ['blended:alpha=1.5', /alpha: /],
    ['blended:alpha=0', /alpha: /],
  ])('%s is refused', (text, message) => {
    expect(() => parseTrigger(text)).toThrow(InputError);
    expect(() => parseTrigger(text)).toThrow(message);
  });

  it('is told all its mistakes at once', () => {
    const parse = () => parseTrigger('badnet:size=-1,place=up,colour=red,huge,place=center');
    expect(parse).toThrow(/size: .*/);
    expect(parse).toThrow(/place: .*"top-left"/);
    expect(parse).toThrow(/colour/);
    expect(parse).toThrow(/"huge" is not setting=value/);
    expect(parse).toThrow(/place is given twice/);
  });
});
