import type { ObjectiveSettings } from './prompt-tuning-graph.js';
import type { TuningSettings } from './tuning-settings.js';

/** A way to tune visual prompts: an entry of {@link promptMethods}. */
export interface PromptMethod {
  readonly summary: string;
  objective(settings: TuningSettings): ObjectiveSettings;
}

/** What `--method` offers. */
export const methodNames = ['rvpt', 'vpt'] as const;
/** How prompts are tuned: `vpt` is the control, the same without the repelling term. */
export type Method = (typeof methodNames)[number];

/** The ways: a name without an entry, or an entry without a name, is a type error. */
export const promptMethods: Readonly<Record<Method, PromptMethod>> = {
  rvpt: {
    summary: 'cross-entropy plus alpha times the feature-repelling loss (Repulsive Visual Prompt Tuning)',
    objective: ({ alpha, margin }) => ({ alpha, margin }),
  },
  vpt: {
    summary: 'cross-entropy alone (deep visual prompt tuning), the control: the same code with repulsion off',
    objective: () => ({ alpha: 0, margin: undefined }),
  },
};
