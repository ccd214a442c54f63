import { z } from 'zod';

/** What a JSON document can hold. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

/** An object of JSON. */
export interface JsonObject {
  readonly [key: string]: Json;
}

/** One text for equal values, whatever the order their keys came in: keys sorted by code units, no white space. */
export function canonicalJson(value: Json): string {
  if (isList(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (value === null || typeof value !== 'object') {
    if (typeof value === 'number' && !Number.isFinite(value)) throw new RangeError(`JSON has no ${value}`);
    return JSON.stringify(value);
  }
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(',')}}`;
}

/** Whether a part of a JSON document is an object; not so where there is none. */
export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

// Array.isArray does not narrow readonly lists
function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

/** What a text says as JSON; undefined when it is none. */
export function jsonOrNothing(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return undefined;
    throw thrown;
  }
}

const jsonObject = z.record(z.string(), z.json());

/** Settings and the like as JSON has them: what is undefined is left out. @throws ZodError for what JSON cannot say */
export function jsonObjectOf(value: object): JsonObject {
  return jsonObject.parse(JSON.parse(JSON.stringify(value)));
}
