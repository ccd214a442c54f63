import { z } from 'zod';

import type { CatalogEntry } from '../core/catalog.js';
import type { JsonObject } from '../core/json.js';
import { nearestNames } from '../core/nearest.js';
import { defenses } from '../defense/defenses.js';
import { labelOnlyShape } from '../run/train-label-only.js';
import { pretrainingProblems, pretrainingShape } from '../training/pretraining-settings.js';
import { SCENE_SIDE } from '../world/scene.js';
import type { Grid } from './grid.js';
import { measurements } from './measurements.js';

/**
 * What is wrong with the defenses and measurements that a grid names, and with their settings, as far as it shows
 * without a model: one sentence each.
 */
export function gridNameProblems({ attacks, defenses: asked, measures, zoos }: Grid): string[] {
  return [
    ...zoos.flatMap((zoo, i) => makeProblems(zoo, attacks).map((problem) => `zoos[${i}].${problem}`)),
    ...asked.flatMap(({ method, settings, vary }, i) => {
      const problems = entryProblems('defense', defenses, method, settings);
      if (problems.length > 0) return problems.map((problem) => `defenses[${i}]: ${problem}`);
      return Object.entries(vary).flatMap(([key, values]) =>
        values.flatMap((value) =>
          entryProblems('defense', defenses, method, { ...settings, [key]: value }).map(
            (problem) => `defenses[${i}].vary.${key}: ${problem}`,
          ),
        ),
      );
    }),
    ...measures.flatMap(({ measure, settings }, i) =>
      entryProblems('measurement', measurements, measure, settings).map((problem) => `measures[${i}]: ${problem}`),
    ),
  ];
}

const makeSchema = z.strictObject(pretrainingShape);
const makeFromLabelsSchema = z.strictObject(labelOnlyShape).partial();

function makeProblems({ make, makeFromLabels, location }: Grid['zoos'][number], attacks: readonly string[]): string[] {
  if (make === undefined && makeFromLabels === undefined) return [];
  const key = make === undefined ? 'makeFromLabels' : 'make';
  if (location === 'zoo:') return [`${key}: the models of the package are there already; give another location`];
  if (make !== undefined && makeFromLabels !== undefined) {
    return ['make: it learns from captions, with makeFromLabels from labels; leave out one'];
  }
  const problems = make === undefined ? settingProblems(makeFromLabelsSchema, makeFromLabels) : makingProblems(make);
  const others = make === undefined ? attacks.filter((attack) => attack !== 'clean') : [];
  return [
    ...problems.map((problem) => `${key}: ${problem}`),
    ...(others.length === 0 ? [] : [`${key}: it makes clean alone; the attacks are also ${others.join(', ')}`]),
  ];
}

function makingProblems(make: JsonObject): string[] {
  const problems = settingProblems(makeSchema, make);
  return problems.length > 0 ? problems : pretrainingProblems(makeSchema.parse(make), SCENE_SIDE);
}

function settingProblems(schema: z.ZodType, settings: JsonObject | undefined): string[] {
  const problems = schema.safeParse(settings).error?.issues ?? [];
  return problems.map(({ path, message }) => [...path.map(String), message].join(': '));
}

function entryProblems<Made>(
  what: string,
  catalog: readonly CatalogEntry<Made>[],
  text: string,
  settings: Readonly<Record<string, unknown>>,
): string[] {
  const at = text.indexOf('@');
  const [name, preset] = at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
  const entry = catalog.find((candidate) => candidate.name === name);
  if (entry === undefined)
    return [
      `no ${what} ${JSON.stringify(name)}${choices(
        name,
        catalog.map((one) => one.name),
      )}`,
    ];
  const presets = Object.keys(entry.presets);
  if (preset !== undefined && !presets.includes(preset)) {
    return [`${name} has no preset ${JSON.stringify(preset)}${choices(preset, presets)}`];
  }
  // which preset suits is known when the model is; for the names and kinds of settings any does
  const base = preset ?? presets.at(0);
  const chosen = { ...(base === undefined ? {} : entry.presets[base].settings), ...settings };
  return entry.problems(chosen).map((problem) => `${name}: ${problem}`);
}

/** `, did you mean …?` where a name is close, and what there is. */
export function choices(word: string, names: readonly string[]): string {
  const near = nearestNames(word, names, 1).at(0);
  const meant = near === undefined ? '' : `, did you mean ${near}?`;
  return `${meant}${meant === '' ? ';' : ''} there ${names.length === 1 ? 'is' : 'are'} ${names.join(', ') || 'none'}`;
}
