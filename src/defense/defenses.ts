import { makeEntry, parseEntry } from '../core/catalog.js';
import type { ClipArchitecture } from '../model/architecture.js';
import { adversarialVpt } from './adversarial-prompt-tuning.js';
import { cleanClip } from './clean-clip.js';
import type { Defense, DefenseEntry } from './defense.js';
import {
  fineTuneCrossEntropy,
  fineTuneCrossEntropyRepelling,
  fineTuneInfoNce,
  fineTuneInfoNceRepelling,
} from './fine-tuning.js';
import { linearProbe } from './linear-probe.js';
import { logisticProbe } from './logistic-probe.js';
import { none } from './no-defense.js';
import { par } from './par.js';
import { rvpt, vpt } from './prompt-tuning.js';
import { presetFor, type TuningPreset } from './tuning-settings.js';

/** Every defense. A new one is one file and one line here; docs/adding-a-defense.md tells the rest. */
export const defenses: readonly DefenseEntry[] = [
  none,
  rvpt,
  vpt,
  cleanClip,
  par,
  fineTuneCrossEntropy,
  fineTuneCrossEntropyRepelling,
  fineTuneInfoNce,
  fineTuneInfoNceRepelling,
  linearProbe,
  logisticProbe,
  adversarialVpt,
];

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
  return makeEntry('defense', defenses, { name: withPreset(name, presetFor(architecture)), settings });
}

/**
 * The defense that a text such as `cleanclip`, `finetune-ce:alpha=2,epochs=5` or `par@paper` asks for.
 * @param suited the preset of settings that are left out, where the text names none and the defense has it
 * @throws InputError (`usage`) that lists everything wrong with it
 */
export function parseDefense(text: string, suited: TuningPreset): Defense {
  const colon = text.indexOf(':');
  const [name, settings] = colon < 0 ? [text, ''] : [text.slice(0, colon), text.slice(colon)];
  return parseEntry('defense', defenses, withPreset(name.trim(), suited) + settings);
}

/** `name@preset` where the defense has the preset and no other is named. */
function withPreset(name: string, preset: TuningPreset): string {
  const entry = defenses.find((candidate) => candidate.name === name);
  return entry !== undefined && Object.hasOwn(entry.presets, preset) ? `${name}@${preset}` : name;
}
