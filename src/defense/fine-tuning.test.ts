import { expect, test } from 'vitest';

import { judgePairObjective, type PlainBatch } from '../../test/support/objective.js';
import { cosine, mean, plainInfoNce } from '../../test/support/plain-clip.js';
import { fineTuneCrossEntropyRepelling, fineTuneInfoNceRepelling, repelledInfoNce } from './fine-tuning.js';

function plainTerms({ now, start, pixels, ids }: PlainBatch): { readonly infonce: number; readonly fr: number[] } {
  const seen = pixels.map((image) => now.image(image));
  const texts = ids.map((row) => now.text(row));
  const images = seen.map(({ embedding }) => embedding);
  return {
    infonce: (plainInfoNce(images, texts, now.scale) + plainInfoNce(texts, images, now.scale)) / 2,
    fr: pixels.map((image, i) =>
      mean(start.image(image).classTokens.map((before, d) => cosine(before, seen[i].classTokens[d]))),
    ),
  };
}

test('InfoNCE and L_FR over all layers, loss and gradients, are those of the formulas', async () => {
  await judgePairObjective(repelledInfoNce({ alpha: 0 }), 4, (batch) => plainTerms(batch).infonce);
  await judgePairObjective(repelledInfoNce({ alpha: 1.5 }), 4, (batch) => {
    const { infonce, fr } = plainTerms(batch);
    return infonce + 1.5 * mean(fr);
  });
});

test('the margin bounds each sample for itself', async () => {
  const seen: number[][] = [];
  const record = (batch: PlainBatch): number => {
    const { infonce, fr } = plainTerms(batch);
    seen.push(fr);
    return infonce + 1.5 * mean(fr);
  };
  await judgePairObjective(repelledInfoNce({ alpha: 1.5 }), 4, record);
  const sorted = [...seen[0]].sort((a, b) => a - b);
  const margin = (sorted[1] + sorted[2]) / 2; // two samples below it, two above
  await judgePairObjective(repelledInfoNce({ alpha: 1.5, margin }), 4, (batch) => {
    const { infonce, fr } = plainTerms(batch);
    return infonce + 1.5 * mean(fr.map((value) => Math.max(value, margin)));
  });
});

test('the variants with L_FR have the paper’s α, and any can be asked for', () => {
  for (const entry of [fineTuneCrossEntropyRepelling, fineTuneInfoNceRepelling]) {
    expect(entry.create().settings).toMatchObject({ alpha: 2, margin: -1 });
    expect(entry.create({ alpha: 0.5, margin: 0.2 }).settings).toMatchObject({ alpha: 0.5, margin: 0.2 });
    expect(entry.problems({ alpha: -1 })).not.toEqual([]);
  }
});
