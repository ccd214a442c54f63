import { defineEntry } from '../core/catalog.js';
import type { DefenseEffect } from './defense.js';

/** What every defense is compared with. */
export const none = defineEntry({
  name: 'none',
  summary: 'no defense: the model as it came',
  settings: {},
  create: (): DefenseEffect => ({
    needs: 'nothing',
    run: () => Promise.resolve({ model: { kind: 'unchanged' }, steps: 0, trainableParameters: 0 }),
  }),
});
