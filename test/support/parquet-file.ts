import { parquetWriteBuffer, type ColumnSource } from 'hyparquet-writer';

/** What a row of {@link imageParquet} holds. */
export interface ImageRow {
  readonly image: Uint8Array | null;
  readonly label?: number | string;
  readonly caption?: string;
}

/** How the file is laid out. */
export interface ParquetForm {
  /** A struct of bytes and path, as the `datasets` library has it, or bytes alone. */
  readonly images?: 'struct' | 'bytes';
  readonly imageColumn?: string;
  readonly labelColumn?: string;
  /** Names of the classes, in the file's own metadata. */
  readonly classNames?: readonly string[];
  readonly rowGroupSize?: number;
}

/** A parquet file of images with labels, captions or both. */
export function imageParquet(rows: readonly ImageRow[], form: ParquetForm = {}): Uint8Array {
  const { images = 'struct', imageColumn = 'image', labelColumn = 'label', rowGroupSize = 4, classNames } = form;
  const columns: ColumnSource[] = [];
  const schema: NonNullable<Parameters<typeof parquetWriteBuffer>[0]['schema']> = [];
  if (images === 'struct') {
    columns.push({ name: imageColumn, data: rows.map(({ image }) => image && { bytes: image, path: null }) });
    schema.push(
      { name: imageColumn, num_children: 2, repetition_type: 'OPTIONAL' },
      { name: 'bytes', type: 'BYTE_ARRAY', repetition_type: 'OPTIONAL' },
      { name: 'path', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' },
    );
  } else {
    columns.push({ name: imageColumn, data: rows.map(({ image }) => image) });
    schema.push({ name: imageColumn, type: 'BYTE_ARRAY', repetition_type: 'OPTIONAL' });
  }
  if (rows.some(({ label }) => label !== undefined)) {
    const text = rows.some(({ label }) => typeof label === 'string');
    columns.push({
      name: labelColumn,
      data: rows.map(({ label = null }) => (typeof label === 'number' ? BigInt(label) : label)),
    });
    schema.push({
      name: labelColumn,
      repetition_type: 'OPTIONAL',
      ...(text ? ({ type: 'BYTE_ARRAY', converted_type: 'UTF8' } as const) : ({ type: 'INT64' } as const)),
    });
  }
  if (rows.some(({ caption }) => caption !== undefined)) {
    columns.push({ name: 'caption', data: rows.map(({ caption = null }) => caption) });
    schema.push({ name: 'caption', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' });
  }
  const features = { [imageColumn]: { _type: 'Image' }, [labelColumn]: { _type: 'ClassLabel', names: classNames } };
  const kvMetadata = [{ key: 'huggingface', value: JSON.stringify({ info: { features } }) }];
  return new Uint8Array(
    parquetWriteBuffer({
      columnData: columns,
      schema: [{ name: 'root', num_children: columns.length }, ...schema],
      rowGroupSize,
      ...(classNames === undefined ? {} : { kvMetadata }),
    }),
  );
}
