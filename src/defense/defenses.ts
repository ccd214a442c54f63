import { makeEntry } from '../core/catalog.js';
import type { ClipArchitecture } from '../model/architecture.js';
import type { Defense, DefenseEntry } from './defense.js';
import { none } from './no-defense.js';
import { rvpt, vpt } from './prompt-tuning.js';
import { presetFor } from './tuning-settings.js';

/** Every defense. A new one is one file and one line here; docs/adding-a-defense.md tells the rest. */
export const defenses: readonly DefenseEntry[] = [none, rvpt, vpt];

/** What `--method` offers. */
export const defenseNames: readonly string[] = defenses.map(({ name }) => name);

/**
 * The defense of this name, with these settings. Those left out are the preset's that is named (`rvpt@paper`), else of
 * the one that suits the model, where the defense has it: `small` for models far smaller than any published one.
 * @throws InputError (`usage`) that lists everything wrong with the settings
 */
export function makeDefense(
  architecture: ClipArchitecture,
  name: string,
  settings: Readonly<Record<string, unknown>> = {},
): Defense {
  const suited = presetFor(architecture);
  const entry = defenses.find((candidate) => candidate.name === name);
  const preset = entry !== undefined && Object.hasOwn(entry.presets, suited) ? `${name}@${suited}` : name;
  return makeEntry('defense', defenses, { name: preset, settings });
}
