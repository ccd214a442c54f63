import { InputError } from '../../core/errors.js';
import type { EvaluateOptions } from '../../evaluation/evaluate.js';
import { prepareDefended } from '../../run/evaluate.js';
import type { MeasureInput } from '../measurement.js';

/** Images that go through the model together. */
const BATCH = 64;

/**
 * The defended model with both its towers, and its class prompts; no attack yet.
 * @param measured what is measured, for messages: `text-to-image retrieval`
 * @throws InputError (`unsupported`) when the defense left nothing that texts can be compared with
 */
export async function prepareTowers(input: MeasureInput, measured: string): Promise<EvaluateOptions> {
  const { clip, dataset, model, runtime, seed, progress, signal } = input;
  if (model.kind === 'head') {
    throw new InputError({
      code: 'unsupported',
      operation: `measure ${measured}`,
      expected: 'a model that compares images with texts',
      received: 'a linear head, which cannot be measured so: it knows classes and no texts',
      fix: 'Leave defenses that train a head out of this grid.',
    });
  }
  const options = { clip, dataset, runtime, seed, progress, batch: BATCH };
  return prepareDefended(signal === undefined ? options : { ...options, signal }, model);
}
