import { raster, type Raster } from '../core/raster.js';

type Colour = readonly [red: number, green: number, blue: number];

const bars: readonly Colour[] = [
  [235, 235, 235],
  [235, 200, 40],
  [60, 190, 200],
  [70, 170, 70],
  [180, 70, 160],
  [200, 50, 45],
  [45, 70, 180],
];

/** An image with something of everything, where there is no better one: colours, greys, edges, fine checks, a disc. */
export function testCard(side: number): Raster {
  const data = new Uint8Array(side * side * 3); // [side, side, 3]
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) data.set(colourAt((x + 0.5) / side, (y + 0.5) / side), (y * side + x) * 3);
  }
  return raster(side, side, data);
}

/** @param x, y in (0, 1) */
function colourAt(x: number, y: number): Colour {
  if (Math.hypot(x - 0.5, y - 0.45) < 0.22) return [250, 150 + Math.round(80 * (0.67 - y)), 60];
  if (y < 0.6) return bars[Math.floor(x * bars.length)];
  if (y < 0.75) return gray(Math.round(255 * x));
  if (x < 0.5) return gray((Math.floor(x * 28) + Math.floor(y * 28)) % 2 === 0 ? 40 : 215);
  return [Math.round(120 * y), 110 + Math.round(100 * x), 90 + Math.round(100 * (1 - x))];
}

function gray(level: number): Colour {
  return [level, level, level];
}
