import { raster, type Raster } from '../core/raster.js';
import type { EmojiAtlas } from './atlas.js';
import { paintBackground } from './background.js';
import { luma } from './colors.js';
import { SCENE_SIDE, type Scene } from './scene.js';
import { inked, tinted } from './stamp.js';

/**
 * The image of a scene, `side` by `side` pixels.
 * @throws InputError (`usage`) when the atlas lacks the scene's name or style
 */
export function renderScene(atlas: EmojiAtlas, scene: Scene, side = SCENE_SIDE): Raster {
  const canvas = new Float32Array(side * side * 3); // [side, side, 3], 0 … 255
  paintBackground(scene.background, canvas, side);
  const stamp = stampOf(atlas, scene); // [atlas.side, atlas.side, 4]
  placeStamp(stamp, atlas.side, scene, canvas, side);
  if (scene.rendition === 'grey') takeColor(canvas);
  return raster(side, side, new Uint8Array(new Uint8ClampedArray(canvas).buffer));
}

function stampOf(atlas: EmojiAtlas, { name, style, rendition, tint, ink }: Scene): Float32Array {
  const sprite = atlas.sprite(name, style);
  if (atlas.style(style).role === 'monochrome') return inked(sprite, atlas.side, undefined, ink);
  if (rendition === 'color' || rendition === 'grey') return tinted(sprite, tint);
  return inked(sprite, atlas.side, rendition, ink);
}

/**
 * Draws the stamp over the canvas: every pixel looks up, bilinearly, where it comes from. Outside the stamp all is
 * transparent.
 */
function placeStamp(stamp: Float32Array, size: number, scene: Scene, canvas: Float32Array, side: number): void {
  const { scale, shift, rotation, flipped } = scene;
  const cos = Math.cos(rotation) / scale;
  const sin = Math.sin(rotation) / scale;
  const mirror = flipped ? -1 : 1;
  for (let row = 0, to = 0; row < side; row++) {
    const v = (2 * row + 1) / side - 1 - shift[1];
    for (let column = 0; column < side; column++, to += 3) {
      const u = (2 * column + 1) / side - 1 - shift[0];
      const x = ((mirror * (cos * u + sin * v) + 1) * size - 1) / 2;
      const y = ((cos * v - sin * u + 1) * size - 1) / 2;
      if (x <= -1 || y <= -1 || x >= size || y >= size) continue;
      const left = Math.floor(x);
      const top = Math.floor(y);
      let red = 0;
      let green = 0;
      let blue = 0;
      let alpha = 0;
      for (let corner = 0; corner < 4; corner++) {
        const cx = left + (corner & 1);
        const cy = top + (corner >> 1);
        if (cx < 0 || cy < 0 || cx >= size || cy >= size) continue;
        const weight = (1 - Math.abs(x - cx)) * (1 - Math.abs(y - cy));
        const from = (cy * size + cx) * 4;
        red += weight * stamp[from];
        green += weight * stamp[from + 1];
        blue += weight * stamp[from + 2];
        alpha += weight * stamp[from + 3];
      }
      const behind = 1 - alpha / 255;
      canvas[to] = red + behind * canvas[to];
      canvas[to + 1] = green + behind * canvas[to + 1];
      canvas[to + 2] = blue + behind * canvas[to + 2];
    }
  }
}

function takeColor(canvas: Float32Array): void {
  for (let i = 0; i < canvas.length; i += 3) {
    const gray = luma([canvas[i], canvas[i + 1], canvas[i + 2]]);
    canvas[i] = gray;
    canvas[i + 1] = gray;
    canvas[i + 2] = gray;
  }
}
