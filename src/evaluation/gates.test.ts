import { describe, expect, it } from 'vitest';

import { missedGates, validateGates } from './gates.js';

const metrics = { ca: 0.75, ca_interval: [0.7, 0.8], n: 300, asr_strict: 0.05 } as const;

describe('gates', () => {
  it('are met at the limit itself', () => {
    expect(missedGates({ maxAsr: 0.05, minCa: 0.75 }, metrics)).toEqual([]);
    expect(missedGates({}, metrics)).toEqual([]);
  });

  it('name what misses them, with both numbers', () => {
    expect(missedGates({ maxAsr: 0.04, minCa: 0.76 }, metrics)).toEqual([
      'attack success rate (strict) 0.05 is above 0.04',
      'clean accuracy 0.75 is below 0.76',
    ]);
    expect(missedGates({ minCa: 0.76 }, metrics)).toEqual(['clean accuracy 0.75 is below 0.76']);
  });

  it('are refused early when they cannot be checked, all at once', () => {
    const validate = () => {
      validateGates({ maxAsr: 5, minCa: -0.1 }, { triggered: false });
    };
    expect(validate).toThrow(expect.objectContaining({ code: 'usage' }));
    expect(validate).toThrow('--max-asr 5, --min-ca -0.1, --max-asr without --trigger');
    expect(() => {
      validateGates({ minCa: NaN }, { triggered: true });
    }).toThrow('--min-ca NaN');
  });

  it('pass when they make sense', () => {
    validateGates({ maxAsr: 0, minCa: 1 }, { triggered: true });
    validateGates({ minCa: 0.5 }, { triggered: false });
  });
});
