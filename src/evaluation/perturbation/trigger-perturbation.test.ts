import { expect, it } from 'vitest';

import { badnet } from '../../attack/trigger/badnet.js';
import { raster, toFloatImage } from '../../core/raster.js';
import { triggerPerturbation } from './trigger-perturbation.js';

it('a trigger perturbs float images as it does the bytes that they came from', () => {
  const trigger = badnet.create({ size: 112, place: 'center' });
  const key = { seed: 4, imageKey: 'x' };
  const image = raster(
    8,
    8,
    Uint8Array.from({ length: 192 }, (_, i) => i),
  );
  const perturbation = triggerPerturbation(trigger);
  expect(perturbation).toMatchObject({ name: 'badnet', settings: { size: 112 } });
  expect(perturbation.apply(toFloatImage(image), key)).toEqual(toFloatImage(trigger.apply(image, key)));
});
