import { expect, test } from 'vitest';

import { triggerResources } from '../../../test/support/trigger-resources.js';
import { raster } from '../../core/raster.js';
import { parseAttackSpec, specOfTrigger, triggerFromSpec } from './trigger-spec.js';

const gray = raster(8, 8, new Uint8Array(192).fill(100));

test('a trigger with a seed of its own draws from it, whoever uses it', async () => {
  const free = await triggerFromSpec({ name: 'badnet', settings: {} }, triggerResources());
  const bound = await triggerFromSpec({ ...specOfTrigger(free), seed: 5 }, triggerResources());
  const key = (seed: number) => ({ seed, imageKey: 'a' });
  expect(bound.apply(gray, key(0))).toEqual(free.apply(gray, key(5)));
  expect(bound.apply(gray, key(1))).toEqual(free.apply(gray, key(5)));
  expect(free.apply(gray, key(1))).not.toEqual(free.apply(gray, key(5)));
  expect(specOfTrigger(bound)).toEqual(specOfTrigger(free));
});

test('a seed that is no whole number is refused', () => {
  const spec = { trigger: { name: 'badnet', seed: 0.5 } };
  expect(() => parseAttackSpec(spec, 'manifest.json')).toThrow(/read the trigger of manifest.json.*seed/s);
});
