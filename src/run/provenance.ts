import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { z } from 'zod';

import { canonicalJson, type Json } from '../core/json.js';
import type { Versions } from './schema.js';

const packageSchema = z.object({ version: z.string() });
const require = createRequire(import.meta.url);

function versionOf(packageName: string): string {
  return packageSchema.parse(require(`${packageName}/package.json`)).version;
}

/** Versions of everything that the numbers of a run come from. */
export function currentVersions(): Versions {
  return {
    rvpt: versionOf('rvpt'),
    onnxruntime: versionOf('onnxruntime-node'),
    node: process.versions.node,
    platform: `${process.platform}-${process.arch}`,
  };
}

/** sha256, in hexadecimal, of the canonical JSON of a value. */
export function sha256OfJson(value: Json): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex');
}
