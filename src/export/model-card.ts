import type { Json } from '../core/json.js';
import { cardMetrics, measurementsOf, publicName, type CardMeasurement, type CardRate } from './card-figures.js';
import { frontMatter } from './card-front-matter.js';
import { exportFiles, type ExportRecord } from './export-record.js';
import { code, codeSentence, fenced, markdownTable } from './markdown.js';

/**
 * The README.md of an export: a model card as the Hugging Face Hub reads it. Names from other people's files are shown as
 * inline code, in one line and without invisible characters; exact ones are in `rvpt_export.json`. The same for the
 * same record; the only time in it is the record's.
 * @param facts.license the base model's, by its name on the Hub
 */
export function modelCard(record: ExportRecord, facts: { readonly license?: string | undefined } = {}): string {
  const { model, prompts, assumptions } = record;
  const name = code(publicName(model));
  const measurements = measurementsOf(record);
  const parts = [
    `# ${name}, ${prompts === undefined ? 'as ONNX' : 'defended, as ONNX'}`,
    prompts === undefined
      ? `The CLIP ${name} as ONNX files that transformers.js and onnxruntime load. It is not defended against anything.`
      : `The CLIP ${name} with visual prompts against backdoors folded in, as ONNX files that transformers.js and ` +
        'onnxruntime load. The prompts change how the vision tower reads an image; all weights are those of the base model, ' +
        'rounded where the type is smaller.',
    '## Use',
    usage(record),
    '## Figures',
    ...(measurements.length === 0 ? ['Nothing was measured.'] : measurements.map(figures)),
    '## What the figures do not say',
    limits(record, measurements)
      .map((line) => `- ${line}`)
      .join('\n'),
    '## What it is made of',
    ingredients(record),
    ...(assumptions.length === 0
      ? []
      : [
          'Not in the files of the base model, and assumed:',
          assumptions.map((line) => `- ${codeSentence(line)}`).join('\n'),
        ]),
    ...settings(record),
    '## Files',
    files(record),
  ];
  return `${frontMatter(record, facts.license)}\n${parts.join('\n\n')}\n`;
}

function usage(record: ExportRecord): string {
  const template = templateOf(record);
  const options = template === undefined ? '' : `, {\n  hypothesis_template: ${visibleJson(template)},\n}`;
  const [{ dtype }] = record.dtypes;
  return [
    fenced(
      'js',
      [
        "import { pipeline } from '@huggingface/transformers';",
        '',
        '// the repository that this card is in; for a folder on disk set env.localModelPath to where it lies',
        `const classify = await pipeline('zero-shot-image-classification', 'OWNER/NAME', { dtype: '${dtype}' });`,
        `const answers = await classify('photo.jpg', ['cat', 'dog']${options});`,
      ].join('\n'),
    ),
    `Weights are there as ${record.dtypes.map((one) => `${one.dtype} (${megabytes(one.bytes)})`).join(', ')}.`,
  ].join('\n\n');
}

/** The first class prompt that was measured or tuned with, as transformers.js writes it. */
function templateOf({ measurement, run }: ExportRecord): string | undefined {
  const tuned = run?.settings['templates'];
  const [template] = measurement?.templates ?? (Array.isArray(tuned) ? tuned : []);
  return typeof template === 'string' && template.includes('{class}') ? template.replace('{class}', '{}') : undefined;
}

function figures({ data, attack, rows, resistivity, agreement }: CardMeasurement): string {
  const shown = cardMetrics.filter(({ of }) => rows.some((row) => of(row.figures) !== undefined));
  const split = data.split === undefined ? '' : `, split ${code(data.split)}`;
  const underAttack =
    attack === undefined
      ? 'No trigger was tried on them.'
      : `The trigger is ${code(attack.trigger.name)}, the attackers' class ${code(attack.target.name)}. ASR is the share of ` +
        'triggered images of other classes that are taken for it; PA the share of all triggered images that are recognised.';
  const rates = rows.map((row) => [row.label, ...shown.map(({ of }) => rateCell(of(row.figures)))]);
  return [
    `On ${data.images} images of ${data.classes} classes of ${code(publicName(data))}${split}, in percent, with 95 % ` +
      `intervals. ${underAttack}`,
    markdownTable(['', ...shown.map((metric) => metric.name)], rates),
    ...(agreement === undefined ? [] : [agreementTable(agreement)]),
    ...(resistivity === undefined || resistivity.perturbations.length === 0 ? [] : [resistivityTable(resistivity)]),
  ].join('\n\n');
}

function resistivityTable({ n, perturbations }: NonNullable<CardMeasurement['resistivity']>): string {
  const rows = perturbations.map(({ name, before, after }) =>
    [name, before, after].map((cell) => (typeof cell === 'string' ? code(cell) : cell[cell.length - 1].toFixed(3))),
  );
  return [
    `Perturbation resistivity (PR) after the last block, on ${n} of them: the cosine between what an image becomes and what ` +
      'it becomes when it is disturbed. 1 is no effect.',
    markdownTable(['disturbed by', 'base model', 'defended'], rows),
  ].join('\n\n');
}

/** How far the exported files answer as the model did before. */
function agreementTable(exported: NonNullable<CardMeasurement['agreement']>): string {
  const rows = exported.map(({ dtype, agreement, logit_difference: difference }) => [
    dtype,
    percent(agreement),
    difference.toPrecision(2),
  ]);
  return [
    'The exported files, run by onnxruntime on the same images, against the model before the export:',
    markdownTable(['weights', 'same answers, %', 'largest difference of a logit'], rows),
  ].join('\n\n');
}

/** In plain words, and only what holds for this export. */
function limits({ prompts, measurement }: ExportRecord, measurements: readonly CardMeasurement[]): string[] {
  const attacked = measurements.some(({ attack }) => attack !== undefined);
  return [
    ...(prompts === undefined
      ? ['This is the base model in other files. If there is a backdoor in it, it is in these files too.']
      : [
          'Defended does not mean clean. The base model, with whatever was planted in it, is still in these files; the ' +
            'prompts make its vision tower answer less to small disturbances. Nobody vouches for the base model by this.',
          'The prompts were tuned on a few labelled images of some classes. Accuracy and protection on other classes or ' +
            'other kinds of images may be lower: measure on your own.',
        ]),
    attacked
      ? 'Success of attacks was measured with the trigger named above. Another trigger, or one made by somebody who knows ' +
        'of the defense, may do better.'
      : 'No attack was measured, so nothing here says whether a backdoor is in the model or works.',
    ...(measurements.length === 0
      ? []
      : [
          'An interval covers the chance in the choice of these images, and nothing else: not other data, not other prompts.',
        ]),
    ...(measurement === undefined
      ? []
      : [
          'Images were prepared by rvpt, as the model asks. transformers.js resamples in its own way, which can change an ' +
            'answer that was close.',
        ]),
    'Texts are read by the base model as it is: nothing here concerns its text tower.',
    'Figures and hashes are the word of whoever made this export. Nothing here is signed.',
  ];
}

function ingredients(record: ExportRecord): string {
  const { model, prompts, run, versions, created } = record;
  const origin = model.origin;
  const rows: string[][] = [
    ['base model', code(publicName(model))],
    ...(origin === undefined ? [] : [['revision', `${code(origin.revision)}, commit ${code(origin.commit)}`]]),
    ['its weights', `${code(model.format)}, sha256 ${code(model.sha256)}`],
    ...(prompts === undefined
      ? []
      : [
          ['prompts', `${prompts.tokens} in each of the blocks ${prompts.blocks.join(', ')} (counted from 0)`],
          ['their values', `sha256 ${code(prompts.sha256)}`],
        ]),
    ...(run === undefined
      ? []
      : [
          ['run', `${code(run.method)}, seed ${run.seed}, ${code(run.created)}, sha256 ${code(run.sha256)}`],
          ['tuned on', `${code(publicName(run.data))}, sha256 of the list ${code(run.data.sha256)}`],
        ]),
    ['exported', code(created)],
    ['with', Object.entries(versions).map(([name, version]) => code(`${name} ${version}`)).join(', ')], // prettier-ignore
  ];
  return markdownTable(['', ''], rows);
}

function settings({ run }: ExportRecord): string[] {
  if (run === undefined) return [];
  return ['Settings of the run:', fenced('json', visibleJson(run.settings))];
}

function files({ files: list }: ExportRecord): string {
  const rows = list.map(({ path, bytes, sha256 }) => [code(path), String(bytes), code(sha256)]);
  return [
    markdownTable(['file', 'bytes', 'sha256'], rows),
    `All of this, unrounded, is in ${code(exportFiles.record)}.`,
  ].join('\n\n');
}

function rateCell(rate: CardRate | undefined): string {
  if (rate === undefined) return '';
  const [low, high] = rate.interval;
  return `${percent(rate.rate)} (${percent(low)} to ${percent(high)}, n ${rate.n})`;
}

function percent(fraction: number): string {
  return (100 * fraction).toFixed(2);
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** JSON in which characters that are invisible or turn the reading direction are escaped. */
function visibleJson(value: Json): string {
  const escape = (character: string): string =>
    Array.from({ length: character.length }, (_, i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`).join(''); // prettier-ignore
  return JSON.stringify(value, undefined, 2).replace(/(?!\n)[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}]/gu, escape);
}
