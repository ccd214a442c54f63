import type { ExportedFile, ExportRecord } from './export-record.js';

/** Of in-toto's statement layer, version 1. */
export const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1';

/** Names what our predicate holds, see docs/formats.md: a package URL, as there is no site of ours to resolve to. */
export const PREDICATE_TYPE = 'pkg:npm/rvpt#export/v1';

/** A file that a statement is about. */
export interface Subject {
  /** Path inside the export, with forward slashes. */
  readonly name: string;
  readonly digest: { readonly sha256: string };
}

/** An in-toto Statement v1 (https://github.com/in-toto/attestation, spec/v1/statement.md), not signed. */
export interface Statement {
  readonly _type: typeof STATEMENT_TYPE;
  /** Sorted by name. */
  readonly subject: readonly Subject[];
  readonly predicateType: typeof PREDICATE_TYPE;
  /** All that the record says, but for the list of files, which are the subjects. */
  readonly predicate: Omit<ExportRecord, 'files'>;
}

/**
 * Says of the files of an export what they are made of: model, run, settings, figures, versions. The same for the same
 * input; the only time in it is the record's.
 * @param files every file of the export but the statement's own
 * @throws RangeError when a path comes twice, or a file of the record is not among them with the same digest
 */
export function exportStatement(record: ExportRecord, files: readonly ExportedFile[]): Statement {
  const { files: recorded, ...predicate } = record;
  const digests = new Map(files.map(({ path, sha256 }) => [path, sha256]));
  if (digests.size !== files.length) throw new RangeError('attestation: a path comes twice');
  const other = recorded.find(({ path, sha256 }) => digests.get(path) !== sha256);
  if (other !== undefined) throw new RangeError(`attestation: "${other.path}" is not the file of the record`);
  return {
    _type: STATEMENT_TYPE,
    subject: [...digests].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, sha256]) => ({ name, digest: { sha256 } })),
    predicateType: PREDICATE_TYPE,
    predicate,
  };
}
