// @ts-check
// Draws labelled images for the tests: four shapes in any colour, place and size, one folder each.
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';

/** @typedef {() => number} Draw a uniform number in [0, 1) */

/** SVG of a shape around the middle of a 100 by 100 box, by class name. */
const shapes = {
  circle: '<circle cx="50" cy="50" r="40"/>',
  square: '<rect x="15" y="15" width="70" height="70"/>',
  triangle: '<path d="M50 10 L90 85 L10 85 Z"/>',
  cross: '<path d="M38 10 h24 v28 h28 v24 h-28 v28 h-24 v-28 h-28 v-24 h28 Z"/>',
};

export const shapeNames = Object.keys(shapes);

/**
 * Park and Miller's generator ("Random number generators: good ones are hard to find", 1988): enough for drawings.
 * @param {number} seed
 * @returns {Draw}
 */
function generator(seed) {
  let state = (seed % 2147483646) + 1;
  return () => {
    state = (state * 16807) % 2147483647;
    return (state - 1) / 2147483646;
  };
}

/** @param {Draw} draw */
function colour(draw) {
  return `hsl(${Math.floor(360 * draw())} ${Math.floor(40 + 60 * draw())}% ${Math.floor(20 + 60 * draw())}%)`;
}

/**
 * Writes `perClass` JPEGs of each shape into `folder/<shape>/`.
 * @param {string} folder
 * @param {{ perClass: number, seed: number, side?: number }} options
 */
export async function writeShapes(folder, { perClass, seed, side = 96 }) {
  const draw = generator(seed);
  for (let i = 0; i < 10; i++) draw(); // the first numbers still show the seed
  for (const [name, shape] of Object.entries(shapes)) {
    await mkdir(path.join(folder, name), { recursive: true });
    for (let i = 0; i < perClass; i++) {
      const size = side * (0.4 + 0.5 * draw());
      const [x, y] = [draw() * (side - size), draw() * (side - size)];
      const placed = `translate(${x} ${y}) scale(${size / 100})`;
      const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${side}" height="${side}">
        <rect width="100%" height="100%" fill="${colour(draw)}"/>
        <g transform="${placed}" fill="${colour(draw)}">${shape}</g></svg>`;
      await sharp(Buffer.from(svg))
        .jpeg({ quality: 90 })
        .toFile(path.join(folder, name, `${name}-${i}.jpg`));
    }
  }
}
