import type { ObjectiveSettings } from './prompt-tuning-graph.js';
import type { TuningSettings } from './tuning-settings.js';

/** A way to tune visual prompts. */
export interface Defense {
  readonly summary: string;
  objective(settings: TuningSettings): ObjectiveSettings;
}

/** What `--method` offers. */
export const methodNames = ['rvpt', 'vpt'] as const;
/** How prompts are tuned: `vpt` is the control, the same without the repelling term. */
export type Method = (typeof methodNames)[number];

/** The defenses: a name without one, or one without a name, is a type error. */
export const defenses: Readonly<Record<Method, Defense>> = {
  rvpt: {
    summary: 'cross-entropy plus alpha times the feature-repelling loss (Repulsive Visual Prompt Tuning)',
    objective: ({ alpha, margin }) => ({ alpha, margin }),
  },
  vpt: {
    summary: 'cross-entropy alone (deep visual prompt tuning), the control: the same code with repulsion off',
    objective: () => ({ alpha: 0, margin: undefined }),
  },
};
