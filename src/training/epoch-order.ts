import { Random } from '../tensor/random.js';

/** The order in which epoch `epoch` visits the items, by their indices. */
export function epochOrder(count: number, epoch: number, seed: number): number[] {
  return Random.stream(seed, `order/${epoch}`).shuffled(Array.from({ length: count }, (_, index) => index));
}
