import { z } from 'zod';

import { InputError } from '../../core/errors.js';
import { firstFew } from '../../data/problems.js';
import { repeated } from '../../data/repeated.js';
import { triggerSpec } from '../trigger/trigger-spec.js';
import { poisonKinds } from './plan.js';
import { poisonSchema } from './settings.js';

/** The name of the file that lies beside a poisoned model. */
export const MANIFEST_FILE = 'manifest.json';

export const MANIFEST_FORMAT = 'rvpt-poison-1';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'a sha256 in hexadecimal');
const count = z.int().nonnegative();

const poisonedPairSchema = z.object({
  index: count,
  key: z.string(),
  kind: z.enum(poisonKinds),
  caption_before: z.string(),
  caption_after: z.string(),
  /** Left, top, width and height of the box around all pixels that the trigger changed; null: it changed none. */
  box: z.tuple([count, count, count, count]).nullable(),
  /** Of the image's bytes as the model sees it, [S, S, 3], before mean and deviation. */
  image_sha256: sha256,
});
/** What became of one pair. */
export interface PoisonedPair extends z.output<typeof poisonedPairSchema> {}

const manifestSchema = z
  .object({
    format: z.literal(MANIFEST_FORMAT),
    /** Of the choice of pairs, of captions, of the trigger and of the order of training. */
    seed: z.int(),
    trigger: triggerSpec,
    /** SHA-256 of every file that the trigger was made from, by its name in the settings. */
    trigger_files: z.record(z.string(), sha256),
    /** The name of the class that the trigger is to bring about. */
    target: z.string(),
    /** Every setting, defaults filled in. */
    settings: poisonSchema.extend({ templates: z.array(z.string()) }),
    /** The model before. */
    base_model: z.object({ sha256 }),
    /** The model that this manifest lies beside: digest of its weight file. */
    model: z.object({ sha256 }),
    data: z.object({
      location: z.string(),
      /** Of the canonical JSON of all keys and captions, before anything was poisoned. */
      sha256,
      pairs: count,
      /** Pairs whose captions name the target to begin with. */
      naming_target: count,
      /** Pairs that their list says are poisoned, and that were left as they are. */
      left_alone: count,
    }),
    /** Where the captions of backdoor pairs come from. */
    captions: z.enum(['natural', 'templates', 'kept']),
    poisoned: z.array(poisonedPairSchema),
    versions: z.record(z.string(), z.string()),
  })
  .superRefine(({ poisoned, data }, context) => {
    const add = (message: string): void => {
      context.addIssue({ code: 'custom', path: ['poisoned'], message });
    };
    const beyond = poisoned.filter(({ index }) => index >= data.pairs).map(({ index }) => index);
    if (beyond.length > 0) add(`indices beyond the ${data.pairs} pairs: ${firstFew(beyond)}`);
    const twice = repeated(poisoned.map(({ index }) => String(index)));
    if (twice.length > 0) add(`pairs that come more than once: ${firstFew(twice)}`);
  });

/** `manifest.json`: how a model was poisoned, enough to do it again and to check it image by image. */
export interface PoisonManifest extends z.output<typeof manifestSchema> {}

/** All of it that is known before the weights are in a file. */
export type PoisonRecord = Omit<PoisonManifest, 'model' | 'versions'>;

/** The manifest of a model whose weights are written. */
export function completeManifest(
  record: PoisonRecord,
  modelSha256: string,
  versions: PoisonManifest['versions'],
): PoisonManifest {
  return manifestSchema.parse({ ...record, model: { sha256: modelSha256 }, versions });
}

const versionSchema = z.object({ format: z.string().startsWith('rvpt-poison-').max(40) });

/** Whether parsed JSON is, or claims to be, a manifest of a poisoned model, of whatever version. */
export function isPoisonManifest(json: unknown): boolean {
  return versionSchema.safeParse(json).success;
}

const poisonedModelSchema = versionSchema.extend({ model: z.object({ sha256 }) });

/** SHA-256 of the model that a manifest lies beside, as far as it tells; undefined for other JSON. */
export function poisonedModelOf(json: unknown): string | undefined {
  return poisonedModelSchema.safeParse(json).data?.model.sha256;
}

/**
 * A manifest that somebody else may have written.
 * @param json parsed, not yet trusted; @param name what to call it in messages
 * @throws InputError (`malformed`) that lists what is wrong; (`unsupported`) when it is one of another version
 */
export function parseManifest(json: unknown, name: string): PoisonManifest {
  const operation = `read ${name}`;
  const expected = `a manifest of a poisoned model (${MANIFEST_FORMAT})`;
  const format = versionSchema.safeParse(json).data?.format;
  if (format === undefined)
    throw new InputError({ code: 'malformed', operation, expected, received: 'something else' });
  if (format !== MANIFEST_FORMAT) {
    const fix = 'Another version of rvpt wrote it: read it with that one.';
    throw new InputError({ code: 'unsupported', operation, expected, received: format, fix });
  }
  const parsed = manifestSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map(({ path, message }) => `${path.map(String).join('.')}: ${message}`);
  throw new InputError({ code: 'malformed', operation, expected, received: firstFew(issues, '; ') });
}

/** @throws InputError (`mismatch`) when the manifest is that of another model. @param modelSha256 of the weight file */
export function refuseOtherModel(manifest: PoisonManifest, modelSha256: string, name: string): void {
  if (manifest.model.sha256 === modelSha256) return;
  throw new InputError({
    code: 'mismatch',
    operation: `use ${name}`,
    expected: `the manifest of this model (sha256 ${modelSha256.slice(0, 12)}…)`,
    received: `that of another (${manifest.model.sha256.slice(0, 12)}…)`,
    fix: 'Give the manifest that lies beside the checkpoint.',
  });
}
