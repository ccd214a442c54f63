import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { z } from 'zod';

import { canonicalJson, isJsonObject, type Json, type JsonObject } from '../core/json.js';
import { versionsSchema, type RunConfig, type Versions } from './schema.js';

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

/** sha256, in hexadecimal, of a text as UTF-8. */
export function sha256OfText(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** sha256, in hexadecimal, of the canonical JSON of a value. */
export function sha256OfJson(value: Json): string {
  return sha256OfText(canonicalJson(value));
}

/** The part of a config that decides the result: a run may be resumed only where it is the same. */
function identityOf(config: RunConfig): JsonObject {
  const { method, settings, seed, model, data } = config;
  return { method, settings, seed, 'model.sha256': model.sha256, 'data.sha256': data.sha256 };
}

/** Names a run by what decides its result. */
export function sha256OfConfig(config: RunConfig): string {
  return sha256OfJson(identityOf(config));
}

/** What decides the result and is not the same in both, one line each: `settings.alpha: 2 -> 3`. */
export function configDifferences(before: RunConfig, after: RunConfig): string[] {
  return jsonDifferences(identityOf(before), identityOf(after));
}

/** What has another version in `after`: `node 20.19.0 -> 22.1.0`. */
export function versionDifferences(before: Versions, after: Versions): string[] {
  const keys = versionsSchema.keyof().options;
  return keys.filter((key) => before[key] !== after[key]).map((key) => `${key} ${before[key]} -> ${after[key]}`);
}

/** What is not the same in both, one line each, inner keys with dots before them: `settings.alpha: 2 -> 3`. */
export function jsonDifferences(before: JsonObject, after: JsonObject, prefix = ''): string[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return keys.flatMap((key) => {
    const [a, b] = [before[key], after[key]];
    if (isJsonObject(a) && isJsonObject(b)) return jsonDifferences(a, b, `${prefix}${key}.`);
    const [from, to] = [textOf(a), textOf(b)];
    return from === to ? [] : [`${prefix}${key}: ${from} -> ${to}`];
  });
}

function textOf(value: Json | undefined): string {
  return value === undefined ? 'not set' : canonicalJson(value);
}
