/** Red, green and blue, 0 … 255, fractions allowed. */
export type Rgb = readonly [red: number, green: number, blue: number];

/** Colours that captions can name. */
export const namedColors = {
  red: [217, 31, 31],
  orange: [242, 140, 26],
  yellow: [242, 224, 51],
  green: [38, 153, 51],
  teal: [26, 153, 153],
  blue: [38, 77, 217],
  purple: [128, 51, 179],
  pink: [242, 153, 191],
  brown: [128, 82, 46],
  white: [242, 242, 242],
  gray: [128, 128, 128],
  black: [18, 18, 18],
} as const satisfies Record<string, Rgb>;

export type ColorName = keyof typeof namedColors;

export const colorNames = Object.keys(namedColors).filter((name): name is ColorName => name in namedColors);

/** Perceived lightness, 0 … 255 (the weights of ITU-R BT.601). */
export function luma([red, green, blue]: Rgb): number {
  return 0.299 * red + 0.587 * green + 0.114 * blue;
}

/** `from` at 0, `to` at 1. */
export function mix(from: Rgb, to: Rgb, share: number): Rgb {
  return [
    from[0] + share * (to[0] - from[0]),
    from[1] + share * (to[1] - from[1]),
    from[2] + share * (to[2] - from[2]),
  ];
}
