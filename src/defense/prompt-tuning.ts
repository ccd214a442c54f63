import { defineEntry } from '../core/catalog.js';
import type { DefenseEffect, DefenseEntry, DefenseInput, Defended } from './defense.js';
import { MemoryFeatureStore } from './feature-store.js';
import { planTuning, refuseUnfit } from './plan.js';
import { promptMethods, type Method } from './prompt-methods.js';
import { tuneVisualPrompts } from './tune-prompts.js';
import { tuningPresets, tuningShape, type TuningSettings } from './tuning-settings.js';

const presets = {
  paper: {
    summary: 'the paper’s settings; where it is silent, those of CoOp and Dassl',
    settings: tuningPresets.paper,
  },
  small: { summary: 'for models far smaller than any published one', settings: tuningPresets.small },
};

/** A way to tune visual prompts as a defense beside others. */
function promptTuning(method: Method): DefenseEntry {
  return defineEntry({
    name: method,
    summary: promptMethods[method].summary,
    settings: tuningShape,
    presets,
    create: (settings): DefenseEffect => ({
      needs: 'images',
      refuseUnfit: (architecture) => {
        refuseUnfit(architecture, settings);
      },
      run: (input) => tune(method, settings, input),
    }),
  });
}

export const rvpt = promptTuning('rvpt');
export const vpt = promptTuning('vpt');

async function tune(method: Method, settings: TuningSettings, input: DefenseInput): Promise<Defended> {
  const { runtime, weights, textFeatures } = input;
  const images = input.images(settings.augmentation);
  const [classes] = textFeatures.shape;
  const plan = planTuning(weights, method, settings, images.labels.length, classes, runtime.lanes);
  const prompts = await tuneVisualPrompts({
    ...input,
    from: input.from,
    images,
    method,
    settings,
    plan,
    openStore: () => Promise.resolve(new MemoryFeatureStore()),
    onStep: async ({ ce, fr, ...step }, _endOfEpoch, state) => input.onStep?.({ ...step, terms: { ce, fr } }, state),
  });
  return { model: { kind: 'prompts', prompts }, steps: plan.steps, trainableParameters: plan.trainableParameters };
}
