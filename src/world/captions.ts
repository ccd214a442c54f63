import { defaultTemplate } from '../data/class-prompts.js';
import type { Random } from '../tensor/random.js';
import type { EmojiAtlas } from './atlas.js';
import { backgroundWords } from './background.js';
import { colorNames } from './colors.js';
import type { Scene } from './scene.js';

/** Where the thing, with its article and adjectives, goes in an opening. */
const placeholder = '{thing}';

/** What a caption begins with. */
const openings = [
  'a photo of {thing}',
  'a picture of {thing}',
  'an image of {thing}',
  'a small photo of {thing}',
  'this is {thing}',
  'here is {thing}',
  '{thing}',
] as const;

/** Adjectives for what a rendition does to a thing; undefined where the style's own hold. */
const renditionWords: Readonly<Record<Scene['rendition'], readonly string[] | undefined>> = {
  color: undefined,
  grey: ['gray', 'colorless'],
  silhouette: ['black and white', 'filled'],
  outline: ['black and white', 'outlined'],
  drawing: ['black and white', 'drawn'],
};

/** Shares of captions. */
const shares = { classPrompt: 0.25, style: 0.35, background: 0.5, tags: 0.15, fullStop: 0.5 };

/**
 * Says what a scene shows: always the name, often the style and the background, now and then tags. A share of captions
 * is CLIP's class prompt word for word, as that is what a zero-shot classifier will ask with.
 */
export function captionOf(atlas: EmojiAtlas, scene: Scene, random: Random): string {
  const happens = (share: number): boolean => random.uniform() < share;
  if (happens(shares.classPrompt)) return defaultTemplate.replace('{class}', scene.name);
  const opening = pick(openings, random);
  const words = renditionWords[scene.rendition] ?? atlas.style(scene.style).words;
  const adjective = happens(shares.style) && words.length > 0 ? `${pick(words, random)} ` : '';
  const article = happens(0.5) ? 'the ' : isPlural(scene.name) ? '' : `${articleOf(`${adjective}${scene.name}`)} `;
  const thing = `${article}${adjective}${scene.name}`;
  const place = happens(shares.background) ? placeOf(scene, random) : '';
  const tags = happens(shares.tags) ? tagsOf(atlas, scene, random) : '';
  const stop = happens(shares.fullStop) ? '.' : '';
  return `${opening.replace(placeholder, thing)}${place}${tags}${stop}`;
}

/** ` on a striped blue background`, without what cannot be seen. */
function placeOf({ background, rendition }: Scene, random: Random): string {
  const kind = backgroundWords[background.kind];
  if (rendition === 'grey') return ` on a ${kind} background`;
  if (random.uniform() < 0.5) return ` on a ${kind} ${background.color} background`;
  return ` on ${articleOf(background.color)} ${background.color} background`;
}

/** `, fruit and tropical`: one tag or two. */
function tagsOf(atlas: EmojiAtlas, { name }: Scene, random: Random): string {
  const { tags } = atlas.entry(name);
  if (tags.length === 0) return '';
  const chosen = random.shuffled(tags).slice(0, 1 + random.below(2));
  return `, ${chosen.join(' and ')}`;
}

/** As in scissors and french fries; not as in dress and octopus. */
function isPlural(name: string): boolean {
  return /[^su]s$/.test(name);
}

function articleOf(text: string): 'a' | 'an' {
  return /^([aeiou]|hour)/.test(text) ? 'an' : 'a';
}

function pick<T>(items: readonly T[], random: Random): T {
  return items[random.below(items.length)];
}

/** Every text that captions are put together from: what a tokenizer of the world is to know. */
export function captionTexts(atlas: EmojiAtlas): string[] {
  return [
    ...atlas.names.flatMap(({ name, tags }) => [name, ...tags]),
    ...atlas.styles.flatMap(({ words }) => words),
    ...openings.map((opening) => opening.replace(placeholder, '')),
    ...Object.values(renditionWords).flatMap((words) => words ?? []),
    ...Object.values(backgroundWords),
    ...colorNames,
    'a an the and on background , .',
  ];
}
