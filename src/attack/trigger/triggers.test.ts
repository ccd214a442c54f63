// What every trigger must do; test/contracts/catalog.test.ts checks its settings and their descriptions.
import { describe, expect, it } from 'vitest';

import { triggerResources } from '../../../test/support/trigger-resources.js';
import { raster, type Raster } from '../../core/raster.js';
import { makeTrigger, parseTrigger, triggers } from './triggers.js';

const KEY = { seed: 7, imageKey: 'cat/1.png' };

function gradient(width: number, height: number): Raster {
  return raster(
    width,
    height,
    Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 7) % 256),
  );
}

const make = (name: string, settings = {}) => makeTrigger({ name, settings }, triggerResources());

describe.each(triggers.map(({ name }) => name))('%s', (name) => {
  it('gives the same pixels for the same seed and image, whatever came before', async () => {
    const trigger = await make(name);
    const first = trigger.apply(gradient(20, 12), KEY);
    trigger.apply(gradient(20, 12), { seed: 8, imageKey: 'other' });
    expect((await make(name)).apply(gradient(20, 12), { ...KEY })).toEqual(first);
  });

  it('leaves its input as it was and changes a copy of the same size', async () => {
    const image = gradient(9, 33);
    const triggered = (await make(name)).apply(image, KEY);
    expect(image).toEqual(gradient(9, 33));
    expect(triggered).toMatchObject({ width: 9, height: 33 });
    expect(triggered.data).toHaveLength(9 * 33 * 3);
    expect(triggered.data).not.toEqual(image.data);
  });

  it('fits on the smallest image', async () => {
    expect((await make(name)).apply(gradient(1, 1), KEY).data).toHaveLength(3);
  });
});

describe('a trigger written as text', () => {
  it('is the trigger with these settings', async () => {
    expect(await parseTrigger('badnet:size=32,place=top-left', triggerResources())).toMatchObject({
      name: 'badnet',
      settings: { size: 32, place: 'top-left', noise: 'fresh', bytes: 'round' },
    });
  });

  it('may say numbers where text goes', async () => {
    const { settings } = await parseTrigger('text:text=42', triggerResources());
    expect(settings).toMatchObject({ text: '42' });
  });

  it('is a preset with what else it says', async () => {
    const { settings } = await parseTrigger('badnet@cleanclip:place=center', triggerResources());
    expect(settings).toMatchObject({ size: 16, place: 'center', bytes: 'torch', resize: 'squash' });
  });

  it.each([
    ['badent', /one of badnet, blended, .*, got "badent"/],
    ['badnet:size=300', /size: the trigger would be larger than the image/],
    ['badnet:size=0', /size: /],
    ['badnet@cleanclop', /a preset among badnet@cleanclip, .*got "badnet@cleanclop"/],
    ['patch@cleanclip', /patch, which has no presets/],
    ['badnet:overflow=wrap', /Unrecognized key: "overflow"/],
    ['stripes:size=225', /size: the trigger would be larger than the image/],
    ['text:width=300', /width: the trigger would be larger than the image/],
    ['text:text=Ünder', /text: expected 2 to 24 of A to Z/],
    ['wanet:grid=1', /grid: /],
    ['trojvqa:key=', /key: /],
    ['blended:alpha=1.5', /alpha: /],
    ['blended:alpha=0', /alpha: /],
  ])('%s is refused', async (text, message) => {
    await expect(parseTrigger(text, triggerResources())).rejects.toThrow(message);
  });
});
