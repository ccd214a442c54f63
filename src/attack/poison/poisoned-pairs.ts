import type { PairSource } from '../../data/pair-source.js';
import type { Trigger } from '../trigger/trigger.js';
import type { PoisonPlan } from './plan.js';

/**
 * The pairs with the plan carried out: what is not poisoned passes through. A triggered image depends on the seed and
 * the pair's key alone, so it is the same in every epoch.
 * @param square the same pairs, with images made square as the trigger wants them
 */
export function poisonedPairs(
  pairs: PairSource,
  plan: Pick<PoisonPlan, 'pairs'>,
  trigger: Pick<Trigger, 'apply'>,
  seed: number,
  square: Pick<PairSource, 'image'> = pairs,
): PairSource {
  const planned = new Map(plan.pairs.map((pair) => [pair.index, pair]));
  return {
    count: pairs.count,
    key: (index) => pairs.key(index),
    caption: (index) => planned.get(index)?.caption ?? pairs.caption(index),
    async image(index) {
      const kind = planned.get(index)?.kind;
      if (kind === undefined || kind === 'text-only') return pairs.image(index);
      return trigger.apply(await square.image(index), { seed, imageKey: pairs.key(index) });
    },
  };
}
