import type { PairSource } from '../../data/pair-source.js';
import type { Trigger } from '../trigger/trigger.js';
import type { PlannedPair, PoisonPlan } from './plan.js';

/** Pairs some of which are poisoned. */
export interface PoisonedPairs extends PairSource {
  /** What was done to pair `index`; undefined when it was left as it is. */
  poison(index: number): PlannedPair | undefined;
}

/**
 * The pairs with the plan carried out: what is not poisoned passes through. A triggered image depends on the seed and
 * the pair's key alone, so it is the same in every epoch.
 */
export function poisonedPairs(
  pairs: PairSource,
  plan: Pick<PoisonPlan, 'pairs'>,
  trigger: Pick<Trigger, 'apply'>,
  seed: number,
): PoisonedPairs {
  const planned = new Map(plan.pairs.map((pair) => [pair.index, pair]));
  return {
    count: pairs.count,
    key: (index) => pairs.key(index),
    caption: (index) => planned.get(index)?.caption ?? pairs.caption(index),
    poison: (index) => planned.get(index),
    async image(index) {
      const image = await pairs.image(index);
      const kind = planned.get(index)?.kind;
      if (kind === undefined || kind === 'text-only') return image;
      return trigger.apply(image, { seed, imageKey: pairs.key(index) });
    },
  };
}
