import { InputError } from '../../core/errors.js';

const prefix = 'hf:';
const DEFAULT_REVISION = 'main';

/** A repository of the Hub. */
export interface HubRepositoryId {
  readonly type: 'model' | 'dataset';
  /** `owner/name`; a few old ones have no owner. */
  readonly name: string;
}

export interface HubModelId {
  readonly repository: HubRepositoryId;
  /** A branch, a tag or a commit. */
  readonly revision: string;
  /** A weight file, where it does not have one of the usual names. */
  readonly file?: string;
}

export interface HubDatasetId {
  readonly repository: HubRepositoryId;
  readonly revision: string;
  readonly split?: string;
}

export function isHubId(text: string): boolean {
  return text.startsWith(prefix);
}

/** @throws InputError (`usage`) unless it is `hf:owner/name[/file][@revision]` */
export function parseHubModel(text: string): HubModelId {
  const [path, revision] = divide(text.slice(prefix.length), '@');
  const parts = path.split('/');
  const [id, below] = [parts.slice(0, 2).join('/'), parts.slice(2)];
  if (!isRepositoryName(id) || !isRevision(revision) || !below.every(isPathPart)) {
    throw notAnId(text, `${prefix}owner/name[/file][@revision], as in ${prefix}openai/clip-vit-base-patch32`);
  }
  return {
    repository: { type: 'model', name: id },
    revision: revision ?? DEFAULT_REVISION,
    ...(below.length === 0 ? {} : { file: below.join('/') }),
  };
}

/** @throws InputError (`usage`) unless it is `hf:owner/name[@revision][:split]` */
export function parseHubDataset(text: string): HubDatasetId {
  const [place, split] = divide(text.slice(prefix.length), ':');
  const [name, revision] = divide(place, '@');
  if (!isRepositoryName(name) || !isRevision(revision) || (split !== undefined && !/^[\w.-]+$/.test(split))) {
    throw notAnId(text, `${prefix}owner/name[@revision][:split], as in ${prefix}uoft-cs/cifar10:test`);
  }
  return {
    repository: { type: 'dataset', name },
    revision: revision ?? DEFAULT_REVISION,
    ...(split === undefined ? {} : { split }),
  };
}

/** What stands before and after the first `mark`. */
function divide(text: string, mark: string): [string, string | undefined] {
  const at = text.indexOf(mark);
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

/** The Hub's own rules. The cache writes `/` as `--`, so that must not be in a name. */
function isRepositoryName(name: string): boolean {
  const wellFormed = /^(?:[\w-][\w.-]*\/)?[\w-](?:[\w.-]*\w)?$/.test(name) && name.length <= 96;
  return wellFormed && !/--|\.\./.test(name) && !name.endsWith('.git');
}

/** The name becomes a path below `refs` in the cache. */
function isRevision(revision: string | undefined): boolean {
  return revision === undefined || revision.split('/').every((part) => isPathPart(part) && /^[\w.+-]+$/.test(part));
}

/** A name that stays where it is put, on every system: no climbing, no drive, no other separator. */
function isPathPart(part: string): boolean {
  return part !== '' && part !== '.' && part !== '..' && !/[\\:\p{Cc}]/u.test(part);
}

/** Whether a path from a listing can be joined to a folder without leaving it. */
export function isSafePath(path: string): boolean {
  return path.length <= 1024 && path.split('/').every(isPathPart);
}

function notAnId(received: string, expected: string): InputError {
  return new InputError({ code: 'usage', operation: 'read a name on the Hub', expected, received });
}
