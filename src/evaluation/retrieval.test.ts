import { expect, test } from 'vitest';

import { tensor } from '../tensor/tensor.js';
import { plantedMetrics, plantedRanks, topOneAccuracy } from './retrieval.js';

/** Unit vectors of the plane, by angle in degrees: the nearer two angles, the more similar. */
const atAngles = (...degrees: number[]) =>
  tensor(
    [degrees.length, 2],
    degrees.flatMap((degree) => [Math.cos((degree * Math.PI) / 180), Math.sin((degree * Math.PI) / 180)]),
  );

// classes: 0 about 0°, 1 about 90°; the image at 80° is a wolf in sheep's clothing, of class 0
const gallery = { features: atAngles(0, 20, 80, 95, 110), labels: [0, 0, 0, 1, 1] };

test('a caption is right when its nearest image is of its class', () => {
  // nearest: 0°, 20°, 80° (class 0: wrong for a caption of class 1), 95°
  const captions = { features: atAngles(5, 15, 86, 92), labels: [0, 0, 1, 1] };
  expect(topOneAccuracy(captions, gallery)).toMatchObject({ hits: 3, n: 4, rate: 0.75 });
});

test('of equally similar images the first counts', () => {
  const twins = atAngles(30, 30);
  const caption = { features: atAngles(30), labels: [1] };
  expect(topOneAccuracy(caption, { features: twins, labels: [1, 0] }).hits).toBe(1);
  expect(topOneAccuracy(caption, { features: twins, labels: [0, 1] }).hits).toBe(0);
});

test('a planted image ranks among the others, its own clean form left out', () => {
  const captions = atAngles(90, 0);
  // distances from 90°: gallery 90, 70, 10, 5, 20; from 0°: 0, 20, 80, 95, 110
  const planted = {
    // for 90°: 8 behind 5; 15 behind 5 and 10, were the image at 10 not itself
    // for 0°: 82 behind 0, 20 and 80; 75 behind 0 and 20
    features: atAngles(82, 75),
    places: [0, 2],
  };
  // the first takes the place of the image at 0°, so for 0° only 20 and 80 are nearer than its 82
  expect([...plantedRanks(captions, gallery.features, planted)]).toEqual([2, 2, 3, 3]);
});

test('an image as similar as a planted one does not stand before it', () => {
  const planted = { features: atAngles(95), places: [0] };
  expect([...plantedRanks(atAngles(90), gallery.features, planted)]).toEqual([1]);
});

test('success is a rank of at most the top; the ratio is the mean of rank over gallery', () => {
  const { success, rankRatio } = plantedMetrics(Int32Array.of(2, 2, 3, 5), 5, 2);
  expect(success).toMatchObject({ hits: 2, n: 4, rate: 0.5 });
  expect(rankRatio).toBeCloseTo(3 / 5, 12); // mean rank 12 / 4
});

test('nothing to measure, and embeddings that are none, are refused', () => {
  const nothing = { features: tensor([0, 2]), labels: [] };
  expect(() => topOneAccuracy(nothing, gallery)).toThrow('no captions or no images');
  expect(() => plantedMetrics(new Int32Array(0), 5, 10)).toThrow('no planted image');
  const broken = { features: tensor([1, 2], [NaN, 0]), labels: [0] };
  expect(() => topOneAccuracy(broken, gallery)).toThrow('an embedding without a direction');
  expect(() => plantedRanks(broken.features, gallery.features, { features: atAngles(1), places: [0] })).toThrow();
});
