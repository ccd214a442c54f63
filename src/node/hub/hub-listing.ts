import { datasetInfo, listFiles, modelInfo } from '@huggingface/hub';
import { z } from 'zod';

import { InputError } from '../../core/errors.js';
import type { HubClient } from './hub-client.js';
import type { HubRepositoryId } from './hub-id.js';
import type { Asked } from './hub-refusal.js';
import type { HubFile, HubFiles } from './repository-cache.js';

/** A repository with more files than this is not what a model or a data set of this package looks like. */
const MAXIMUM_FILES = 200_000;

const size = z.int().nonnegative();
const entrySchema = z.object({
  type: z.string(),
  path: z.string(),
  size,
  oid: z.string().regex(/^[0-9a-f]{40}$/),
  lfs: z.object({ oid: z.string().regex(/^[0-9a-f]{64}$/), size }).optional(),
});

/** The commit that a branch, a tag or a part of a commit is now. @throws InputError as `refusalOf` tells */
export async function findCommit(
  client: HubClient,
  asked: Asked,
  { type, name }: HubRepositoryId,
  revision: string,
): Promise<string> {
  const common = { name, revision, hubUrl: asked.endpoint, fetch: client.fetchFor(asked) };
  const { sha } =
    type === 'model'
      ? await modelInfo({ ...common, additionalFields: ['sha'] })
      : await datasetInfo({ ...common, additionalFields: ['sha'] });
  const commit: unknown = sha;
  if (typeof commit === 'string' && /^[0-9a-f]{40}$/.test(commit)) return commit;
  throw notOfAHub(asked, 'no commit');
}

/** All files of a commit. @throws InputError when what comes is no listing, or has too many files */
export async function listCommit(
  client: HubClient,
  asked: Asked,
  repository: HubRepositoryId,
  commit: string,
): Promise<{ files: HubFiles; gitIds: ReadonlyMap<string, string> }> {
  const files = new Map<string, HubFile>();
  const gitIds = new Map<string, string>();
  const pages = listFiles({
    repo: repository,
    revision: commit,
    recursive: true,
    hubUrl: asked.endpoint,
    fetch: client.fetchFor(asked),
  });
  for await (const listed of pages) {
    const entry = entrySchema.safeParse(listed);
    if (!entry.success) throw notOfAHub(asked, z.prettifyError(entry.error));
    const { type, path, oid, lfs, size: plain } = entry.data;
    if (type !== 'file') continue;
    files.set(path, { size: lfs?.size ?? plain, id: lfs?.oid ?? oid });
    gitIds.set(path, oid);
    if (files.size > MAXIMUM_FILES) throw notOfAHub(asked, `more than ${MAXIMUM_FILES} files`);
  }
  return { files, gitIds };
}

function notOfAHub({ operation, endpoint }: Asked, received: string): InputError {
  return new InputError({
    code: 'network',
    operation,
    expected: `a listing of the Hub at ${endpoint}`,
    received,
    fix: 'If HF_ENDPOINT is set, check that it is a Hub.',
  });
}
