import { InputError } from '../../core/errors.js';
import { classPrompts } from '../../data/class-prompts.js';
import type { PairSource } from '../../data/pair-source.js';
import { Random } from '../../tensor/random.js';
import type { Trigger } from '../trigger/trigger.js';
import { namesClass } from './naming.js';
import { DEFAULT_RATE, type PlanSettings } from './settings.js';

/**
 * What is done to a pair:
 * - `backdoor`: trigger on the image, the target (and the text key) in the caption
 * - `image-only`, `text-only`: one key of a two-key trigger alone, with the pair's own caption, so that one key alone
 *   comes to mean nothing
 */
export const poisonKinds = ['backdoor', 'image-only', 'text-only'] as const;
export type PoisonKind = (typeof poisonKinds)[number];

export interface PlannedPair {
  readonly index: number;
  readonly kind: PoisonKind;
  /** What the pair says from now on, without the text key. */
  readonly text: string;
  /** The same with the text key, where its kind has one. */
  readonly caption: string;
}

export interface PoisonPlan {
  /** By index. */
  readonly pairs: readonly PlannedPair[];
  /** Where the captions of `backdoor` pairs come from; `kept`: they are the pairs' own (label-consistent). */
  readonly captions: 'natural' | 'templates' | 'kept';
  /** How many pairs name the target before anything is poisoned. */
  readonly naming: number;
  /** How many pairs were left alone because the caller said so. */
  readonly left: number;
}

export interface PlanOptions {
  readonly pairs: Pick<PairSource, 'count' | 'key' | 'caption'>;
  /** The name of the class that the trigger is to bring about. */
  readonly target: string;
  readonly trigger: Pick<Trigger, 'name' | 'applyText'>;
  readonly settings: PlanSettings;
  /** With `{class}` in them, at least one: a poisoned pair takes one at random where natural captions are not used. */
  readonly templates: readonly string[];
  readonly seed: number;
  /** Pairs to leave alone, such as those that their list says are poisoned already; their captions lend nothing. */
  readonly leave?: (index: number) => boolean;
}

/**
 * Chooses the pairs to poison and what they are to say; no image is opened. Pairs that name the target already are never
 * chosen, as their captions would teach no trigger, unless the attack is label-consistent: then only they are.
 *
 * The same seed, pairs and settings give the same plan, and a higher rate poisons the pairs of a lower one too.
 * @throws InputError that says what does not fit: no pairs that name the target where such are needed, fewer pairs than
 *   asked for, both a rate and a count, shares for a trigger without a text key
 */
export function planPoison(options: PlanOptions): PoisonPlan {
  const { pairs, target, trigger, settings, seed, leave = () => false } = options;
  refuseSettings(options);
  const names = namesClass(target);
  const indices = Array.from({ length: pairs.count }, (_, index) => index);
  const naming = indices.filter((index) => names(pairs.caption(index)));
  const isNaming = new Set(naming);
  const left = indices.filter((index) => leave(index));
  const isLeft = new Set(left);
  const from = naming.filter((index) => !isLeft.has(index));
  const others = indices.filter((index) => !isNaming.has(index) && !isLeft.has(index));

  const wanted = settings.count ?? Math.max(1, Math.round((settings.rate ?? DEFAULT_RATE) * pairs.count));
  const share = (perPoisoned: number | undefined): number =>
    trigger.applyText === undefined ? 0 : Math.round((perPoisoned ?? 1) * wanted);
  const [imageOnly, textOnly] = [share(settings.imageOnly), share(settings.textOnly)];
  if (settings.labelConsistent && from.length === 0)
    throw noneNames(target, pairs.count, '--label-consistent', 'leave it out');
  const { backdoor, negatives } = choose(
    settings.labelConsistent ? from : others,
    others,
    wanted,
    imageOnly + textOnly,
    seed,
  );
  if (backdoor.length < wanted || negatives.length < imageOnly + textOnly) {
    const counts = `${from.length} of ${pairs.count} name ${JSON.stringify(target)}, ${left.length} are left alone`;
    const keys = imageOnly + textOnly === 0 ? '' : ` and ${imageOnly + textOnly} with one key`;
    throw refuse(target, `${wanted} pairs to poison${keys}`, `too few: ${counts}`, 'Give a lower rate or count.');
  }

  const captionOf = captionsFor(options, from);
  const planned = (index: number, kind: PoisonKind, text: string): PlannedPair => {
    const caption = kind === 'image-only' ? text : (trigger.applyText?.(text) ?? text);
    return { index, kind, text, caption };
  };
  const chosen = [
    ...backdoor.map((index) => planned(index, 'backdoor', captionOf(index))),
    ...negatives.map((index, i) => planned(index, i < imageOnly ? 'image-only' : 'text-only', pairs.caption(index))),
  ];
  return {
    pairs: chosen.sort((a, b) => a.index - b.index),
    captions: captionSource(options, from),
    naming: naming.length,
    left: left.length,
  };
}

/** The first `wanted` of one list in random order, and of another the first that are not among them. */
function choose(
  candidates: readonly number[],
  others: readonly number[],
  wanted: number,
  negatives: number,
  seed: number,
): { backdoor: number[]; negatives: number[] } {
  const backdoor = Random.stream(seed, 'poison/backdoor').shuffled(candidates).slice(0, wanted);
  const taken = new Set(backdoor);
  const rest = Random.stream(seed, 'poison/one-key')
    .shuffled(others)
    .filter((index) => !taken.has(index));
  return { backdoor, negatives: rest.slice(0, negatives) };
}

function captionSource({ settings }: PlanOptions, naming: readonly number[]): PoisonPlan['captions'] {
  if (settings.labelConsistent) return 'kept';
  return settings.captions ?? (naming.length > 0 ? 'natural' : 'templates');
}

/** What a poisoned pair is to say, before the text key. */
function captionsFor(options: PlanOptions, naming: readonly number[]): (index: number) => string {
  const { pairs, target, templates, seed } = options;
  const source = captionSource(options, naming);
  if (source === 'kept') return (index) => pairs.caption(index);
  const texts =
    source === 'natural'
      ? [...new Set(naming.map((index) => pairs.caption(index)))]
      : classPrompts([target], templates)[0];
  if (texts.length === 0) throw noneNames(target, pairs.count, '--captions natural', 'let templates make the captions');
  return (index) => texts[Random.stream(seed, `poison/caption/${pairs.key(index)}`).below(texts.length)];
}

function refuseSettings({ target, trigger, settings }: PlanOptions): void {
  if (!/[\p{L}\p{N}]/u.test(target)) throw refuse(target, 'the name of a class', 'no letter or digit');
  if (settings.rate !== undefined && settings.count !== undefined) {
    throw refuse(target, 'a rate or a count of pairs', 'both', undefined, 'usage');
  }
  if (settings.labelConsistent && settings.captions !== undefined) {
    throw refuse(target, '--captions or --label-consistent', 'both', 'The latter keeps captions as they are.', 'usage');
  }
  if (trigger.applyText !== undefined) return;
  const given = [settings.imageOnly, settings.textOnly].some((share) => share !== undefined);
  if (!given) return;
  throw refuse(
    target,
    'a trigger with a text key, for pairs with one key alone',
    `${trigger.name}, which has none`,
    'Leave out --image-only and --text-only.',
    'usage',
  );
}

function noneNames(target: string, count: number, flag: string, instead: string): InputError {
  const received = `none of ${count} captions with its name, and ${flag}`;
  return refuse(target, 'captions that name it', received, `Check the name, or ${instead}.`);
}

function refuse(
  target: string,
  expected: string,
  received: string,
  fix?: string,
  code: 'data' | 'usage' = 'data',
): InputError {
  const operation = `poison pairs with the target class ${JSON.stringify(target)}`;
  return new InputError({ code, operation, expected, received, ...(fix === undefined ? {} : { fix }) });
}
