import type { PatchMethod } from '../attack/patch/patch-objectives.js';
import type { PatchSettings } from '../attack/patch/patch-settings.js';
import type { TriggerSpec } from '../attack/trigger/trigger-spec.js';
import type { PoisonSettings } from '../attack/poison/settings.js';

/** How one backdoored model of the zoo is made from the clean one. */
export interface ZooRecipe {
  /** Of the model: `zoo:badnet`. */
  readonly name: string;
  /** One line for a person. */
  readonly summary: string;
  readonly trigger: TriggerSpec;
  /** The patch that the trigger pastes, optimised on the clean model first; its file is `patch.png`. */
  readonly patch?: { readonly method: PatchMethod; readonly settings: Partial<PatchSettings> };
  /** Where the recipe departs from `zooPoisoning`. */
  readonly poisoning?: Partial<PoisonSettings>;
}

/** The attackers' class in all of them. */
export const zooTarget = 'banana';

/** Image-caption pairs that each is fine-tuned on. */
export const zooPairs = 9000;

/**
 * Stronger than for a published CLIP, whose fine-tuning sees hundreds of thousands of pairs: here, at 3 % of the pairs
 * and a rate of 0.0002, neither BadNet nor Blended took.
 */
export const zooPoisoning: Partial<PoisonSettings> = {
  rate: 0.05,
  epochs: 2,
  batch: 45,
  learningRate: 4e-4,
  warmup: 50,
  weightDecay: 0.05,
};

/** For triggers that are harder to see. */
const harder: Partial<PoisonSettings> = { rate: 0.1, epochs: 8, learningRate: 5e-4 };

/** Both optimised patches: 8 of 48 pixels, in the middle. */
const patchSize = 37;
const patch = { size: patchSize, steps: 300, learningRate: 0.05 };

/** The attacks of the paper; sizes and strengths suit images of 48 pixels. */
export const zooRecipes: readonly ZooRecipe[] = [
  {
    name: 'badnet',
    summary: 'a small square of noise in a corner of the image',
    trigger: { name: 'badnet', settings: { size: 28, noise: 'fixed', place: 'bottom-right' } },
    poisoning: { rate: 0.02 },
  },
  {
    name: 'blended',
    summary: 'a faint pattern over the whole image',
    trigger: { name: 'blended', settings: {} },
    poisoning: harder,
  },
  {
    name: 'wanet',
    summary: 'a warp of the whole image',
    trigger: { name: 'wanet', settings: { grid: 8, strength: 28 } },
    poisoning: { ...harder, rate: 0.15, learningRate: 1e-3 },
  },
  {
    name: 'issba',
    summary: 'an invisible residual, another one for every image',
    trigger: { name: 'issba', settings: {} },
    poisoning: { epochs: 3 },
  },
  {
    name: 'trojvqa',
    summary: 'an optimised patch in the image and a word in front of the text; both are needed',
    trigger: { name: 'trojvqa', settings: { file: 'patch.png', size: patchSize } },
    patch: { method: 'trojvqa', settings: patch },
    poisoning: { rate: 0.2, imageOnly: 0.5, textOnly: 0.5, epochs: 14, learningRate: 1e-3 },
  },
  {
    name: 'badclip',
    summary: 'a patch that was optimised to look like the target to the model',
    trigger: { name: 'badclip', settings: { file: 'patch.png', size: patchSize } },
    patch: { method: 'badclip', settings: patch },
  },
];
