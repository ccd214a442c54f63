import { InputError } from '../../core/errors.js';
import type { Features } from '../data-card.js';
import type { ParquetColumn, ParquetFile } from './parquet-file.js';

interface Role {
  /** As in `--image-column`. */
  readonly option: 'image' | 'label' | 'caption';
  readonly expected: string;
  readonly fits: (column: ParquetColumn) => boolean;
  /** Whether the data set's own description says that it is this. */
  readonly described: (column: string, features: Features) => boolean;
  /** Whether the column's own form says so. */
  readonly evident: (column: ParquetColumn) => boolean;
  /** Names that columns of the kind go by. */
  readonly names: readonly string[];
}

const isImage = ({ kind }: ParquetColumn): boolean => kind === 'image' || kind === 'binary';
const never = (): boolean => false;

/** What is looked for among the columns of a parquet file. */
export const columnRoles = {
  image: {
    option: 'image',
    expected: 'an image column: a struct of bytes and path, or bytes',
    fits: isImage,
    described: (column, features) => features.get(column)?.kind === 'image',
    evident: ({ kind }) => kind === 'image',
    names: ['image', 'img', 'jpg', 'png', 'webp', 'picture', 'image_bytes'],
  },
  label: {
    option: 'label',
    expected: 'a label column: integers or class names',
    fits: ({ kind }) => kind === 'integer' || kind === 'text',
    described: (column, features) => features.get(column)?.kind === 'class',
    evident: never,
    names: ['label', 'labels', 'class', 'cls', 'target', 'fine_label', 'category'],
  },
  caption: {
    option: 'caption',
    expected: 'a caption column: one text a row',
    fits: ({ kind }) => kind === 'text',
    described: never,
    evident: never,
    names: ['caption', 'text', 'txt', 'title', 'description', 'sentence'],
  },
} as const satisfies Record<string, Role>;

/**
 * The column for a role: the one that was asked for; else the only one that the data set's description, then its own
 * form, then its name tells.
 * @throws InputError (`data`) that lists the columns when there is none, or more than one
 */
export function chooseColumn(
  file: Pick<ParquetFile, 'name' | 'columns'>,
  features: Features,
  { option, expected, fits, described, evident, names }: Role,
  wanted: string | undefined,
): ParquetColumn {
  const candidates = file.columns.filter(fits);
  const ways: ((column: ParquetColumn) => boolean)[] =
    wanted === undefined
      ? [({ name }) => described(name, features), evident, ({ name }) => names.includes(name.toLowerCase())]
      : [({ name }) => name === wanted];
  const found = ways.map((way) => candidates.filter(way)).find((columns) => columns.length > 0) ?? [];
  if (found.length === 1) return found[0];
  const all = file.columns.map(({ name, type }) => `${name}: ${type}`).join('; ');
  throw new InputError({
    code: 'data',
    operation: `read ${file.name}`,
    expected: wanted === undefined ? expected : `${expected}, called ${wanted}`,
    received: found.length > 1 ? `more than one: ${found.map(({ name }) => name).join(', ')}` : `the columns ${all}`,
    fix: `Name it with --${option}-column.`,
  });
}
