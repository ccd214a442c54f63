import { smallPng } from './png.js';

type Colour = readonly [red: number, green: number, blue: number, alpha: number];

/** From nothing to the most: what is not looked at recedes into the dark, what is glows, and both can be made out. */
const ramp: readonly Colour[] = [
  [8, 8, 32, 0.66],
  [60, 12, 90, 0.5],
  [214, 40, 57, 0.42],
  [255, 150, 30, 0.48],
  [255, 240, 90, 0.6],
];

/**
 * Attention as a picture to lay over the image, a pixel a patch, for the browser to enlarge: a data URI.
 * @param attention [M], left to right and down, M a square; scaled to its own largest value
 */
export function heatMap(attention: readonly number[]): string {
  const side = Math.sqrt(attention.length);
  const largest = Math.max(...attention);
  const pixels = attention.flatMap((value) => colourAt(largest > 0 ? value / largest : 0));
  const png = smallPng(side, side, Uint8Array.from(pixels));
  return `data:image/png;base64,${btoa(String.fromCharCode(...png))}`;
}

/** RGBA bytes at `share` of the ramp. */
function colourAt(share: number): number[] {
  const position = share * (ramp.length - 1);
  const low = Math.min(Math.floor(position), ramp.length - 2);
  const mix = (channel: number): number =>
    ramp[low][channel] + (ramp[low + 1][channel] - ramp[low][channel]) * (position - low);
  return [mix(0), mix(1), mix(2), 255 * mix(3)].map(Math.round);
}
