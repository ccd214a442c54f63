import { expect, test } from 'vitest';

import { judgePairObjective, type PlainBatch } from '../../test/support/objective.js';
import { mean, plainInfoNce, unit } from '../../test/support/plain-clip.js';
import { parObjective } from './par.js';

interface PlainTerms {
  readonly infonce: number;
  readonly image: number;
  readonly text: number;
}

function plainTerms({ now, start, pixels, ids }: PlainBatch): PlainTerms {
  const distance = (a: number[], b: number[]): number =>
    unit(a).reduce((sum, value, i) => sum + (value - unit(b)[i]) ** 2, 0);
  const images = pixels.map((image) => now.image(image).embedding);
  const texts = ids.map((row) => now.text(row));
  return {
    // the temperature is the poisoned model's
    infonce: (plainInfoNce(images, texts, start.scale) + plainInfoNce(texts, images, start.scale)) / 2,
    image: mean(images.map((row, i) => distance(row, start.image(pixels[i]).embedding))),
    text: mean(texts.map((row, i) => distance(row, start.text(ids[i])))),
  };
}

test('loss and gradients are those of the formula', async () => {
  await judgePairObjective(parObjective(2.15), 4, (batch) => {
    const { infonce, image, text } = plainTerms(batch);
    expect(Math.max(image, text)).toBeLessThan(2.15);
    return infonce - (image + text) / 2;
  });
});

test('a tower beyond the threshold is driven no further, the other still is', async () => {
  const seen: PlainTerms[] = [];
  await judgePairObjective(parObjective(2.15), 4, (batch) => {
    seen.push(plainTerms(batch));
    const { infonce, image, text } = plainTerms(batch);
    return infonce - (image + text) / 2;
  });
  const { image, text } = seen[0];
  const between = (image + text) / 2;
  await judgePairObjective(parObjective(between), 4, (batch) => {
    const terms = plainTerms(batch);
    return terms.infonce - (image < text ? terms.image + between : between + terms.text) / 2;
  });
});
