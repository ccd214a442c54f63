import { test } from 'vitest';

import { judgePairObjective } from '../../test/support/objective.js';
import { plainInfoNce } from '../../test/support/plain-clip.js';
import { cleanClipObjective } from './clean-clip.js';

test('loss and gradients are those of the formulas', async () => {
  const objective = cleanClipObjective({ crossWeight: 0.8, selfWeight: 1.3 });
  await judgePairObjective(objective, 6, ({ now, pixels, ids }) => {
    const images = pixels.map((image) => now.image(image).embedding);
    const texts = ids.map((row) => now.text(row));
    const [plain, augmented] = [images.slice(0, 3), images.slice(3)];
    const [captions, augmentedCaptions] = [texts.slice(0, 3), texts.slice(3)];
    const cross = (plainInfoNce(plain, captions, now.scale) + plainInfoNce(captions, plain, now.scale)) / 2;
    const within =
      (plainInfoNce(plain, augmented, now.scale) + plainInfoNce(captions, augmentedCaptions, now.scale)) / 2;
    return 0.8 * cross + 1.3 * within;
  });
});
