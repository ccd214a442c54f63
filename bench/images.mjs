// @ts-check
// Milliseconds to decode and to crop one JPEG, on one core: node bench/images.mjs
import sharp from 'sharp';

import { MemoryBytes } from '../dist/src/core/bytes.js';
import { clipPreprocess, cropImage } from '../dist/src/data/preprocess.js';
import { imageDecoder } from '../dist/src/node/decode-image.js';

/** @param {number} runs @param {() => unknown} work */
async function medianMs(runs, work) {
  const times = [];
  for (let i = 0; i < runs + 5; i++) {
    const started = performance.now();
    await work();
    if (i >= 5) times.push(performance.now() - started);
  }
  return times.sort((a, b) => a - b)[Math.floor(runs / 2)];
}

const decode = imageDecoder();
for (const [width, height, runs] of [
  [300, 200, 100],
  [4000, 3000, 15],
]) {
  const noise = Buffer.from(Uint8Array.from({ length: 30 * 20 * 3 }, (_, i) => (i * 7919) % 256));
  const small = sharp(noise, { raw: { width: 30, height: 20, channels: 3 } });
  const jpeg = await small.resize(width, height, { fit: 'fill' }).jpeg({ quality: 90 }).toBuffer();
  const source = new MemoryBytes('benchmark', new Uint8Array(jpeg));
  const image = await decode(source);
  const decoding = await medianMs(runs, () => decode(source));
  const cropping = await medianMs(runs, () => cropImage(image, clipPreprocess(224)));
  console.log(`${width} x ${height}: decode ${decoding.toFixed(1)} ms, crop ${cropping.toFixed(1)} ms`);
}
