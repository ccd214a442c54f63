import path from 'node:path';
import { z } from 'zod';

import { loadEmojiAtlas } from '../src/node/emoji-atlas.js';
import { renderScenes, scenesManifest } from '../src/run/render-scenes.js';
import { tasks } from '../src/world/atlas.js';
import { defaultDifficulty, difficulties, SCENE_SIDE, type Difficulty } from '../src/world/scene.js';
import { styleGroups } from '../src/world/styles.js';
import { taskSplits } from '../src/world/task-dataset.js';
import { defineCommand } from './command.js';

const difficultyNames = Object.keys(difficulties).filter((name): name is Difficulty => name in difficulties);

export const scenes = defineCommand({
  name: 'scenes',
  summary: 'render labelled images of the emoji world, as the small models of the zoo know it',
  options: z.object({
    out: z.string().describe('folder to write, one folder a class in it; a new or empty one'),
    task: z.enum(tasks).default('a').describe('classes to show; a has banana, the usual target, b has others'),
    split: z.enum(taskSplits).default('test').describe('no two splits ever share an image, whatever their seeds'),
    perClass: z.int().min(1).max(10_000).default(8).describe('images of every class'),
    style: z
      .enum(styleGroups)
      .default('seen')
      .describe(
        'whose drawings: seen in training, one colour style that never was, line drawings in one ink (mono), or all',
      ),
    difficulty: z
      .enum(difficultyNames)
      .default(defaultDifficulty)
      .describe('how much size, angle and colours of a drawing vary'),
  }),
  examples: [
    { description: 'images to tune prompts with', command: 'scenes --split train --per-class 16 --out runs/a-train' },
    { description: 'images to measure on', command: 'scenes --split test --per-class 8 --out runs/a-test' },
    { description: 'the style that no model was trained on', command: 'scenes --style unseen --out runs/a-unseen' },
    { description: 'the other classes', command: 'scenes --task b --seed 1 --out runs/b-test' },
  ],
  async run({ seed, progress, signal }, { out, ...options }) {
    const { task, split, style, difficulty } = options;
    const atlas = await loadEmojiAtlas();
    const { classNames, images, styles } = await renderScenes(out, { atlas, ...options, seed, progress, signal });
    const manifest = path.join(out, scenesManifest);
    return {
      data: {
        ...{ out, manifest, task, split, style, styles, difficulty, seed, images },
        classes: classNames.length,
        image_size: SCENE_SIDE,
        atlas_sha256: atlas.sha256,
      },
      text: ({ colors }) =>
        `${colors.bold(String(images))} images of ${classNames.length} classes, ${SCENE_SIDE} by ${SCENE_SIDE} pixels, ` +
        `in ${styles.length === 1 ? 'the style' : 'the styles'} ${styles.join(', ')}: ${out}`,
    };
  },
});
