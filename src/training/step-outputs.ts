import { gradients } from '../graph/autodiff.js';
import type { Value } from '../graph/value.js';
import type { GraphOutputs } from '../model/clip-graphs.js';

/** What a step minimises, and the parts of it that are worth a look, all scalars []. */
export interface Objective {
  readonly loss: Value;
  readonly terms?: Readonly<Record<string, Value>>;
}

/** The name of the gradient of a weight, as an output. */
export const weightGradientName = (name: string): string => `gradient.${name}`;

/** Outputs of one step: `loss` [], each term [], and `gradient.{name}` of each trained weight's shape. */
export function stepOutputs({ loss, terms }: Objective, trained: ReadonlyMap<string, Value>): GraphOutputs {
  const names = [...trained.keys()];
  const byWeight = gradients(loss, [...trained.values()]);
  return { loss, ...terms, ...Object.fromEntries(byWeight.map((value, i) => [weightGradientName(names[i]), value])) };
}
