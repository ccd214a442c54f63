import { z } from 'zod';

/** How the encoder and the decoder are trained. */
export const issbaShape = {
  steps: z.int().positive().max(1_000_000).default(2000).describe('optimiser steps'),
  batchSize: z.int().positive().max(4096).default(32).describe('images an optimiser step'),
  learningRate: z.number().positive().default(0.003).describe('largest learning rate of Adam; it falls by a cosine'),
  psnr: z
    .number()
    .min(10)
    .max(60)
    .default(28.5)
    .describe('peak signal-to-noise ratio, in dB, above which a hidden secret costs an image nothing'),
  squareWeight: z.number().positive().default(1).describe('weight of what an image has beyond that'),
} as const;

export const issbaSchema = z.object(issbaShape);
export type IssbaSettings = z.output<typeof issbaSchema>;
