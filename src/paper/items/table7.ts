import type { z } from 'zod';

import type { CellOutcome } from '../../experiment/grid.js';
import { captioningSchema } from '../../experiment/measurements/captioning.js';
import { retrievalSchema } from '../../experiment/measurements/retrieval.js';
import type { Block, Finding } from '../../report/document.js';
import { chooseCells, measuredOf, namesIn, repetitionsOf, type CellChoice } from '../cells.js';
import { titleOf } from '../../report/title-of.js';
import { estimateEntry, intervalCaption, type Scale } from '../estimates.js';
import { figureTable, type FigureColumn } from '../figure-table.js';
import type { PaperItem } from '../item.js';
import { publishedAt, type PublishedTable } from '../published.js';
import { publishedCaptioning, publishedRetrieval } from '../published/table7.js';
import { findingOf, isAbove, isAtMost, isBelow, type Named } from '../verdicts.js';

/** A figure of one of the two tasks. */
interface Metric {
  readonly key: string;
  readonly label: string;
  readonly detail: string;
  readonly better: 'lower' | 'higher';
  readonly scale: Scale;
  readonly named: (outcomes: readonly CellOutcome[], choice: CellChoice) => Named;
}

const task =
  <Schema extends z.ZodType>(measure: string, schema: Schema) =>
  (
    { key, label, detail, better }: Pick<Metric, 'key' | 'label' | 'detail' | 'better'>,
    figureOf: (result: z.output<Schema>) => number | undefined,
  ): Metric => ({
    ...{ key, label, detail, better, scale: 'percent' },
    named: (outcomes, choice) => ({
      name: titleOf(choice.method ?? ''),
      repetitions: repetitionsOf(measuredOf(chooseCells(outcomes, choice), measure, schema), figureOf),
    }),
  });

const ofRetrieval = task('retrieval', retrievalSchema);
const retrievalMetrics = {
  asr: ofRetrieval(
    { key: 'asr', label: 'ASR', detail: '%, planted image among the first ten; lower is better', better: 'lower' },
    ({ attacked }) => attacked?.asr,
  ),
  rankRatio: ofRetrieval(
    { key: 'rank_ratio', label: 'rank ratio', detail: '% of the gallery; higher is better', better: 'higher' },
    ({ attacked }) => attacked?.rank_ratio,
  ),
  topOne: ofRetrieval(
    { key: 'top_1', label: 'top-1', detail: '%; higher is better', better: 'higher' },
    (result) => result.top_1,
  ),
};

const ofCaptioning = task('captioning', captioningSchema);
const captioningMetrics = {
  asr: ofCaptioning(
    { key: 'asr', label: 'ASR', detail: '%, captions that name the target; lower is better', better: 'lower' },
    ({ attacked }) => attacked?.asr,
  ),
  bleu: ofCaptioning(
    { key: 'bleu', label: 'BLEU', detail: '0 to 100; higher is better', better: 'higher' },
    ({ bleu }) => bleu,
  ),
};

/** One attacked model under one defense. */
type Row = Required<Pick<CellChoice, 'attack' | 'method'>>;

/** The attack that the published figures stand beside. */
const PUBLISHED_ATTACK = 'badclip';

export const table7: PaperItem = {
  name: 'table7',
  title: 'Table 7: retrieval and captioning',
  question:
    'Does a defense that was tuned for classes also undo the backdoor where texts ask for images, or describe them?',
  note:
    'The paper captions with LLaVA-1.5 13B and names one attack, whose figures stand beside BadCLIP here. With --zoo or --data ' +
    'captions are left out: a captioner knows the scenes of the emoji world and the embeddings of the package’s models.',
  worldNote:
    'A small decoder, trained on captions of the emoji world with the clean model’s embeddings, captions what the defended model sees.',
  grids: ['table7'],
  layout: (outcomes) => [
    ...table('Text-to-image retrieval', outcomes, Object.values(retrievalMetrics), publishedRetrieval),
    ...table('Captioning', outcomes, Object.values(captioningMetrics), publishedCaptioning),
  ],
  findings,
};

function table(
  title: string,
  outcomes: readonly CellOutcome[],
  metrics: readonly Metric[],
  published: PublishedTable<number>,
): Block[] {
  if (metrics.every(({ named }) => named(outcomes, {}).repetitions.length === 0)) return [];
  const columns = metrics.map(({ key, label, detail, better, scale, named }): FigureColumn<Row> => ({
    ...{ label, detail, better },
    entryOf: ({ attack, method }) => {
      const figure = attack === PUBLISHED_ATTACK ? publishedAt(published, method, key)?.toFixed(2) : undefined;
      return estimateEntry(named(outcomes, { attack, method }).repetitions, scale, figure);
    },
  }));
  const rows = figureTable({
    title,
    caption: `${intervalCaption} Bold is the best of an attack, and whatever else has an interval that meets that of the best.`,
    names: [
      { label: 'attack', nameOf: ({ attack }: Row) => titleOf(attack) },
      { label: 'defense', nameOf: ({ method }: Row) => titleOf(method) },
    ],
    columns,
    groups: namesIn(outcomes, 'attack').map((attack) =>
      namesIn(outcomes, 'defense').map((method): Row => ({ attack, method })),
    ),
  });
  return [rows];
}

function findings(outcomes: readonly CellOutcome[]): Finding[] {
  const attacks = namesIn(outcomes, 'attack');
  const { asr, rankRatio, topOne } = retrievalMetrics;
  const of = (metric: Metric, attack: string, method: string): Named => {
    const { name, repetitions } = metric.named(outcomes, { attack, method });
    return { name: `${titleOf(attack)}, ${name}`, repetitions };
  };
  const others = ['none', 'cleanclip', 'vpt'];
  return [
    findingOf(
      'After RVPT no planted image comes among the first ten: ASR in retrieval of 1 % at most.',
      attacks.map((attack) => isAtMost(of(asr, attack, 'rvpt'), 0.01, 'percent')),
    ),
    findingOf(
      'RVPT pushes planted images further down than no defense, CleanCLIP and VPT do: its rank ratio is the highest.',
      attacks.flatMap((attack) =>
        others.map((method) => isAbove(of(rankRatio, attack, 'rvpt'), of(rankRatio, attack, method), 'percent')),
      ),
    ),
    findingOf(
      'Every defense costs retrieval of clean images something: top-1 accuracy of RVPT is below that of no defense.',
      attacks.map((attack) => isBelow(of(topOne, attack, 'rvpt'), of(topOne, attack, 'none'), 'percent')),
    ),
    findingOf(
      'After RVPT hardly a caption names the target: ASR in captioning of 1 % at most.',
      attacks.map((attack) => isAtMost(of(captioningMetrics.asr, attack, 'rvpt'), 0.01, 'percent')),
    ),
    findingOf(
      'After plain VPT most captions of triggered images still name the target: RVPT’s ASR is far below, by 50 points.',
      attacks.map((attack) =>
        isBelow(of(captioningMetrics.asr, attack, 'rvpt'), of(captioningMetrics.asr, attack, 'vpt'), 'percent', 0.5),
      ),
    ),
  ];
}
