import type { JsonObject } from '../core/json.js';

/** The method that tunes without repelling: where a run of it matches another, it is that one's control. */
export const CONTROL = 'vpt';

/** All settings but those of repelling. */
export function settingsBesidesRepelling(settings: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(settings).filter(([name]) => !['alpha', 'margin'].includes(name)));
}
