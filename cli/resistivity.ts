import { z } from 'zod';

import { InputError } from '../src/core/errors.js';
import { repeated } from '../src/data/repeated.js';
import type { Perturbation } from '../src/evaluation/perturbation/perturbation.js';
import { parsePerturbation, perturbations } from '../src/evaluation/perturbation/perturbations.js';
import { triggerPerturbation } from '../src/evaluation/perturbation/trigger-perturbation.js';
import { measureResistivity, type Resistivity } from '../src/evaluation/resistivity.js';
import { openTrigger } from '../src/node/open-trigger.js';
import { entryHelp, triggerHelp } from './catalog-help.js';
import { defineCommand } from './command.js';
import { describeMeasurement, measureShape, noteBroken, notePlan, openMeasurement } from './measure-options.js';
import type { Format } from './output.js';

const schema = z.object({
  ...measureShape,
  perturbation: z
    .array(z.string())
    .default(perturbations.map(({ name }) => name))
    .describe(`what to do to the images: ${entryHelp(perturbations)}`),
  trigger: z.array(z.string()).default([]).describe(`also measure under this trigger: ${triggerHelp}`),
});

export const resistivity = defineCommand({
  name: 'resistivity',
  summary: 'measure how little the class token of every block moves when the image does (perturbation resistivity)',
  options: schema,
  examples: [
    { description: 'under the four perturbations of the paper', command: 'resistivity --model clip --data pets/test' },
    {
      description: 'of the defended model, under a trigger too, on 200 images',
      command: 'resistivity --model clip --prompts runs/pets --data pets/test --trigger badnet --limit 200',
    },
    {
      description: 'under stronger noise alone, for a script',
      command: 'resistivity --model clip --data pets/test --perturbation gaussian-noise:std=0.1 --json',
    },
  ],
  async run(context, flags) {
    const named = await readPerturbations(flags);
    await using measurement = await openMeasurement(context, flags);
    notePlan(context, measurement, 1 + named.length);
    const measured = await measureResistivity({
      ...measurement.options,
      perturbations: named.map(({ perturbation }) => perturbation),
      seed: context.seed,
    });
    noteBroken(context, measured.broken);
    const names = named.map(({ name }) => name);
    return {
      data: {
        layers: measured.layers,
        perturbations: Object.fromEntries(names.map((name, i) => [name, measured.byPerturbation[i]])),
        n: measured.n,
        settings: Object.fromEntries(named.map(({ name, perturbation }) => [name, perturbation.settings])),
        seed: context.seed,
        ...describeMeasurement(measurement, flags, measured.broken),
      },
      text: (format) => describe(names, measured, format),
    };
  },
});

/** Perturbations and triggers under the names that the person gave them. @throws InputError (`usage`) */
async function readPerturbations({
  perturbation,
  trigger,
}: Pick<z.output<typeof schema>, 'perturbation' | 'trigger'>): Promise<{ name: string; perturbation: Perturbation }[]> {
  const twice = repeated([...perturbation, ...trigger]);
  if (twice.length > 0) {
    throw new InputError({
      code: 'usage',
      operation: 'rvpt resistivity',
      expected: 'every perturbation and trigger once',
      received: `${twice.join(', ')} more than once`,
    });
  }
  const named = perturbation.map((text) => ({ name: text, perturbation: parsePerturbation(text) }));
  for (const text of trigger) {
    named.push({ name: text, perturbation: triggerPerturbation((await openTrigger(text)).trigger) });
  }
  return named;
}

/** A row a layer, a column a perturbation. */
function describe(names: readonly string[], { layers, byPerturbation, n }: Resistivity, { table }: Format): string {
  const rows = layers.map((d, i) => [d, ...byPerturbation.map((values) => values[i].toFixed(4))]);
  const heading = `Mean cosine between the class tokens of ${n} images and of their perturbed selves, after d blocks`;
  return `${heading}\n${table(['d', ...names], rows)}`;
}
