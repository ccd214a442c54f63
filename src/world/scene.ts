import type { Random } from '../tensor/random.js';
import type { EmojiAtlas } from './atlas.js';
import { drawBackground, type Background } from './background.js';
import { luma, mix, type Rgb } from './colors.js';
import { inkings, type Inking, type Tint } from './stamp.js';

/** Side of the images of the emoji world, in pixels. */
export const SCENE_SIDE = 48;

/** How much the same thing can look different. */
export interface SceneSettings {
  /** Least and most of the image's side that a sprite's side is. */
  readonly scale: readonly [least: number, most: number];
  /** Most that a sprite is turned either way, in degrees. */
  readonly rotation: number;
  /** Strength of the sprite's colour jitter; 0 leaves colours alone. */
  readonly jitter: number;
  /** Share of scenes whose sprite is mirrored. */
  readonly flip: number;
  /** Share of scenes of colour styles without any colour. */
  readonly grey: number;
  /** Share of scenes of colour styles whose sprite is turned into a drawing in one ink. */
  readonly ink: number;
}

/** How hard scenes are to tell apart. */
export const difficulties = {
  mild: { scale: [0.88, 1], rotation: 9, jitter: 0.08, flip: 0.5, grey: 0, ink: 0 },
  hard: { scale: [0.7, 1], rotation: 15, jitter: 0.2, flip: 0.5, grey: 0, ink: 0 },
} as const satisfies Record<string, SceneSettings>;
export type Difficulty = keyof typeof difficulties;
export const defaultDifficulty: Difficulty = 'mild';

/** What training sees: some scenes without colour, so that shapes count too. */
export const trainingScenes: SceneSettings = { ...difficulties[defaultDifficulty], grey: 0.2, ink: 0.2 };

/** Everything that makes an image, so that it can be described and rendered apart. */
export interface Scene {
  readonly name: string;
  readonly style: string;
  readonly background: Background;
  readonly scale: number;
  /** From the middle, in halves of the image's side. */
  readonly shift: readonly [right: number, down: number];
  /** In radians. */
  readonly rotation: number;
  readonly flipped: boolean;
  readonly tint: Tint;
  /** `grey`: the whole image without colour; an inking: the sprite turned into a drawing in one ink. */
  readonly rendition: 'color' | 'grey' | Inking;
  /** Of drawings in one ink; stands out from the background. */
  readonly ink: Rgb;
}

/** What a scene shows. */
export interface Subject {
  readonly name: string;
  readonly style: string;
}

/** Draws everything about a scene but its subject. @throws InputError (`usage`) when the atlas has no such subject */
export function drawScene(atlas: EmojiAtlas, subject: Subject, settings: SceneSettings, random: Random): Scene {
  const name = atlas.entry(subject.name).name;
  const { name: style, role } = atlas.style(subject.style);
  const within = (limit: number): number => limit * (2 * random.uniform() - 1);

  const [least, most] = settings.scale;
  const scale = least + (most - least) * random.uniform();
  // a sprite as large as the image may still leave it a little
  const room = Math.max(0.03, 1 - scale);
  const { jitter } = settings;
  const brightness = within(jitter);
  const chance = random.uniform();
  const background = drawBackground(random);
  return {
    name,
    style,
    background,
    scale,
    shift: [within(room), within(room)],
    rotation: (within(settings.rotation) * Math.PI) / 180,
    flipped: random.uniform() < settings.flip,
    tint: {
      gain: [
        1 + brightness + within(jitter / 2),
        1 + brightness + within(jitter / 2),
        1 + brightness + within(jitter / 2),
      ],
      saturation: 1 + within(1.5 * jitter),
      offset: 255 * within(0.3 * jitter),
    },
    rendition: role === 'monochrome' ? 'color' : renditionOf(settings, chance, random),
    ink: inkOn(background, random),
  };
}

function renditionOf({ grey, ink }: SceneSettings, chance: number, random: Random): Scene['rendition'] {
  const inking = inkings[random.below(inkings.length)];
  if (chance < grey) return 'grey';
  return chance < grey + ink ? inking : 'color';
}

/** Nearly black on what is light, nearly white on what is dark, with a touch of some colour. */
function inkOn({ first, second }: Background, random: Random): Rgb {
  const light = luma(mix(first, second, 0.5)) > 115;
  const touch = (): number => 64 * random.uniform();
  const [red, green, blue] = [touch(), touch(), touch()];
  return light ? [red, green, blue] : [255 - red, 255 - green, 255 - blue];
}
