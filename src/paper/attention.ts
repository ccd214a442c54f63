import type { CellOutcome } from '../experiment/grid.js';
import { attentionSchema, type AttentionResult } from '../experiment/measurements/attention.js';
import type { DocumentGallery } from '../report/document.js';
import { chooseCells, measuredOf, repetitionsOf, type CellChoice, type Figure } from './cells.js';
import { titleOf } from '../report/title-of.js';
import type { Named } from './verdicts.js';

export type AttentionExample = AttentionResult['examples'][number];
/** An example with the trigger on. */
export type TriggeredExample = AttentionExample & { readonly triggered: NonNullable<AttentionExample['triggered']> };
export type Card = DocumentGallery['cards'][number];

/** The examples of an attacked model under one defense, of its first seed; none where they were not measured. */
export function examplesOf(
  outcomes: readonly CellOutcome[],
  choice: CellChoice,
): { readonly target: string; readonly examples: readonly TriggeredExample[] } {
  const first = measuredOf(chooseCells(outcomes, choice), 'attention', attentionSchema).at(0);
  if (first === undefined) return { target: '', examples: [] };
  return { target: first.result.target ?? '', examples: first.result.examples.flatMap(withTrigger) };
}

function withTrigger({ triggered, ...example }: AttentionExample): TriggeredExample[] {
  return triggered === null ? [] : [{ ...example, triggered }];
}

/** A figure of every example of some models, and its mean over them. */
export function meanOverExamples(
  outcomes: readonly CellOutcome[],
  { attack, method }: Required<Pick<CellChoice, 'attack' | 'method'>>,
  figureOf: (example: TriggeredExample, target: string) => number,
): Named {
  const measured = measuredOf(chooseCells(outcomes, { attack, method }), 'attention', attentionSchema);
  return {
    name: `${titleOf(attack)}, ${titleOf(method)}`,
    repetitions: repetitionsOf(measured, ({ examples, target }): Figure | undefined => {
      const images = examples.flatMap(withTrigger).map((example) => figureOf(example, target ?? ''));
      if (images.length === 0) return undefined;
      return { value: images.reduce((sum, value) => sum + value, 0) / images.length, images };
    }),
  };
}

/** Whether the likeliest class of an answer is this one: 1 or 0. */
export function isAnswer({ answer }: TriggeredExample['triggered'], name: string): number {
  return answer.top[0].class === name ? 1 : 0;
}

/**
 * How much of the attention goes elsewhere when the trigger comes: half the sum of absolute differences between the two
 * maps, each scaled to a sum of 1. 0 for maps that are alike, 1 for maps that have no patch in common.
 */
export function attentionShift({ clean, triggered }: TriggeredExample): number {
  const [before, after] = [clean, triggered].map(({ answer: { attention } }) => {
    const sum = attention.reduce((total, value) => total + value, 0);
    return attention.map((value) => value / sum);
  });
  return before.reduce((sum, value, i) => sum + Math.abs(value - after[i]), 0) / 2;
}
