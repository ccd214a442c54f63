import { z } from 'zod';

import { pretrain as runPretrain, type PretrainResult } from '../src/run/pretrain.js';
import { worldPretrainingPairs } from '../src/run/world-pretraining.js';
import { pretrainingSchema, pretrainingShape } from '../src/training/pretraining-settings.js';
import { defineCommand } from './command.js';
import { openRuntime } from './model-options.js';
import type { Format } from './output.js';
import { formatDuration } from './progress.js';

export const pretrain = defineCommand({
  name: 'pretrain',
  summary: 'train the mini-CLIP of the emoji world from nothing',
  options: z.object({
    out: z.string().describe('model folder to write'),
    resume: z.boolean().default(false).describe('go on with the training that is in the folder'),
    ...pretrainingShape,
    saveEvery: z.number().nonnegative().default(60).describe('seconds between two saved states'),
  }),
  examples: [
    { description: 'the clean model of the zoo', command: 'pretrain --out mini-clip' },
    { description: 'go on after a crash', command: 'pretrain --out mini-clip --resume' },
    { description: 'a wider one', command: 'pretrain --vision-width 192 --steps 30000 --out wide-clip' },
  ],
  async run(context, options) {
    const result = await runPretrain({
      pairs: await worldPretrainingPairs(context.seed),
      settings: pretrainingSchema.parse(options),
      seed: context.seed,
      out: options.out,
      resume: options.resume,
      runtime: openRuntime(context),
      saveEvery: options.saveEvery,
      progress: context.progress,
      signal: context.signal,
    });
    return { data: report(result), text: (format) => describe(result, format) };
  },
});

function report({ model, steps, seconds, imagesPerSecond, loss }: PretrainResult): Record<string, string | number> {
  return { model, steps, seconds, images_per_s: imagesPerSecond, loss };
}

function describe({ model, steps, seconds, imagesPerSecond, loss }: PretrainResult, { colors }: Format): string {
  return [
    `${colors.bold('trained')}  ${steps} steps in ${formatDuration(seconds)}, ${imagesPerSecond.toFixed(0)} images/s`,
    `${colors.bold('loss')}     ${loss.toFixed(4)}, mean of the last hundredth`,
    `${colors.bold('model')}    ${model}`,
  ].join('\n');
}
