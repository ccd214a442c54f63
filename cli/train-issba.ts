import { z } from 'zod';

import { issbaSchema, issbaShape } from '../src/attack/issba/issba-settings.js';
import type { IssbaMeasure } from '../src/attack/issba/measure-issba.js';
import { loadEmojiAtlas } from '../src/node/emoji-atlas.js';
import { trainIssba as runTrainIssba } from '../src/run/train-issba.js';
import { defineCommand } from './command.js';
import { openRuntime } from './model-options.js';

export const trainIssba = defineCommand({
  name: 'train-issba',
  summary: 'train the encoder of the issba trigger, and the decoder that proves it, on scenes of the emoji world',
  options: z.object({
    out: z.string().describe('folder to write: encoder.safetensors, decoder.safetensors, issba.json'),
    ...issbaShape,
  }),
  examples: [
    { description: 'the encoder of the package, some minutes on two cores', command: 'train-issba --out assets/issba' },
    { description: 'one that hides less visibly', command: 'train-issba --psnr 34 --steps 3000 --out runs/issba' },
    {
      description: 'what that does to an image',
      command: 'trigger preview issba:encoder=runs/issba/encoder.safetensors --out issba.png',
    },
  ],
  async run(context, { out, ...flags }) {
    const { seed, progress, signal } = context;
    const atlas = await loadEmojiAtlas();
    const settings = issbaSchema.parse(flags);
    const measured = await runTrainIssba({
      out,
      atlas,
      runtime: openRuntime(context),
      settings,
      seed,
      progress,
      signal,
    });
    const row = (name: string, measure: IssbaMeasure): [string, number, string, string, string, string] => [
      name,
      measure.images,
      (100 * measure.bit_accuracy).toFixed(2),
      measure.psnr.toFixed(1),
      measure.psnr_min.toFixed(1),
      measure.residual_cosine.toFixed(2),
    ];
    return {
      data: { out, steps: settings.steps, ...measured },
      text: ({ table }) =>
        table(
          ['test scenes', 'images', 'bits found, %', 'PSNR, dB', 'worst PSNR, dB', 'cosine of residuals'],
          [row('styles that were learned on', measured.seen), row('styles that were not', measured.unseen)],
        ),
    };
  },
});
