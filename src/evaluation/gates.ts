import { InputError } from '../core/errors.js';
import type { Metrics } from './metrics.js';

/** What a pipeline demands of a model, as fractions. */
export interface Gates {
  /** The strict attack success rate may be at most this. */
  readonly maxAsr?: number;
  /** The clean accuracy must be at least this. */
  readonly minCa?: number;
}

/**
 * Refuses gates that could not be checked, before any image is read.
 * @throws InputError (`usage`) that lists all of them.
 */
export function validateGates(gates: Gates, { triggered }: { readonly triggered: boolean }): void {
  const problems = Object.entries({ '--max-asr': gates.maxAsr, '--min-ca': gates.minCa })
    .filter(([, limit]) => limit !== undefined && !(limit >= 0 && limit <= 1))
    .map(([flag, limit]) => `${flag} ${limit ?? ''}`);
  if (gates.maxAsr !== undefined && !triggered) problems.push('--max-asr without --trigger');
  if (problems.length === 0) return;
  throw new InputError({
    code: 'usage',
    operation: 'check the gates',
    expected: 'fractions in 0…1, and a trigger for --max-asr',
    received: problems.join(', '),
  });
}

/** The gates that `metrics` misses, one sentence each; empty when all are met. */
export function missedGates({ maxAsr, minCa }: Gates, { asr_strict, ca }: Metrics): string[] {
  const missed: string[] = [];
  if (maxAsr !== undefined) {
    if (asr_strict === undefined) throw new RangeError('gates: an attack success rate is needed for maxAsr');
    if (!(asr_strict <= maxAsr)) missed.push(`attack success rate (strict) ${asr_strict} is above ${maxAsr}`);
  }
  if (minCa !== undefined && !(ca >= minCa)) missed.push(`clean accuracy ${ca} is below ${minCa}`);
  return missed;
}
