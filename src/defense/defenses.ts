import type { ObjectiveSettings } from './prompt-tuning-graph.js';
import type { TuningSettings } from './tuning-settings.js';

/** A way to tune visual prompts. */
export interface Defense {
  readonly summary: string;
  objective(settings: TuningSettings): ObjectiveSettings;
}

/** The defenses by name: what `--method` offers. */
export const defenses = {
  rvpt: {
    summary: 'cross-entropy plus alpha times the feature-repelling loss (Repulsive Visual Prompt Tuning)',
    objective: ({ alpha, margin }) => ({ alpha, margin }),
  },
  vpt: {
    summary: 'cross-entropy alone (deep visual prompt tuning), the control: the same code with repulsion off',
    objective: () => ({ alpha: 0, margin: undefined }),
  },
} as const satisfies Record<string, Defense>;

export type Method = keyof typeof defenses;
export const methodNames = ['rvpt', 'vpt'] as const satisfies readonly Method[];
