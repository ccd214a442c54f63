import { InputError } from '../../core/errors.js';
import type { Answer, HubClient, Patience } from './hub-client.js';
import type { Asked } from './hub-refusal.js';
import { PartialFile, type Content } from './partial-file.js';
import { Passing, persist } from './persistence.js';

/** One file to fetch, with the size and hash that the listing states. */
export interface Download extends Content {
  readonly url: string;
  /** Where it goes. */
  readonly target: string;
  readonly asked: Asked;
}

/** Bytes on which a connection counts as having got somewhere. */
const SOMETHING = 2 ** 20;

/**
 * Downloads a file, going on with what an earlier attempt left. It is in its place only when its length and its hash are
 * those that the Hub states.
 * @param onBytes told how many bytes there are, which can become fewer
 * @throws InputError (`mismatch`) when the content is another one: what came is deleted; (`network`, `access`, `missing`,
 *   `storage`): what came is kept to go on with
 */
export async function download(
  client: HubClient,
  file: Download,
  patience: Patience,
  onBytes: (bytes: number) => void,
): Promise<void> {
  const partial = await PartialFile.open(file.target, file);
  onBytes(partial.size);
  let before = partial.size;
  const moved = (): boolean => {
    const bytes = partial.size - before;
    before = partial.size;
    return bytes >= SOMETHING;
  };
  try {
    await persist(file.asked.operation, () => fetchRest(client, file, partial, onBytes), patience, moved);
    refuseOtherContent(file, partial);
  } catch (thrown) {
    if (thrown instanceof InputError && thrown.code === 'mismatch') await partial.discard();
    else await partial.giveUp();
    throw thrown;
  }
  await partial.finish();
}

async function fetchRest(
  client: HubClient,
  file: Download,
  partial: PartialFile,
  onBytes: (bytes: number) => void,
): Promise<void> {
  if (partial.size === file.size) return;
  const headers = new Headers(partial.size === 0 ? {} : { Range: `bytes=${partial.size}-` });
  const answer = await client.get(file.url, headers, file.asked);
  try {
    refuseOtherFile(file, answer);
    // a server may send all, whatever part was asked for
    if (answer.status !== 206) await partial.clear();
    else refuseOtherRange(file, partial.size, answer);
  } catch (thrown) {
    await answer.cancel();
    throw thrown;
  }
  for await (const chunk of answer.body()) {
    if (partial.size + chunk.length > file.size) throw otherLength(file, `more than the ${file.size} that are stated`);
    await partial.append(chunk);
    onBytes(partial.size);
  }
  if (partial.size < file.size) {
    throw new Passing(`a connection that ended after ${partial.size} of ${file.size} bytes`);
  }
}

/** Before anything is written: what the headers say must be what the listing said. */
function refuseOtherFile(file: Download, { stated }: Answer): void {
  const [size, tag] = [stated('X-Linked-Size'), stated('X-Linked-ETag')];
  if (size !== undefined && size !== String(file.size)) {
    throw otherLength(file, `${size} by the headers, ${file.size} by the listing`);
  }
  const id = tag?.replace(/^W\//, '').replaceAll('"', '');
  if (id !== undefined && id !== file.id) throw otherHash(file, id);
}

function refuseOtherRange(file: Download, from: number, { headers }: Answer): void {
  const range = headers.get('Content-Range');
  if (range === `bytes ${from}-${file.size - 1}/${file.size}`) return;
  throw otherLength(file, `the range ${range ?? 'of no name'} in place of the rest from ${from}`);
}

function refuseOtherContent(file: Download, { id }: PartialFile): void {
  if (id !== file.id) throw otherHash(file, id);
}

function otherLength(file: Download, received: string): InputError {
  return mismatch(file, `the ${file.size} bytes that the Hub states`, received);
}

function otherHash(file: Download, received: string): InputError {
  const kind = file.id.length === 64 ? 'sha256' : 'git hash';
  return mismatch(file, `the ${kind} ${file.id} that the Hub states`, received);
}

function mismatch({ asked, target }: Download, expected: string, received: string): InputError {
  return new InputError({
    code: 'mismatch',
    operation: asked.operation,
    expected,
    received,
    fix: `What came was deleted, and nothing is at ${target}. Try again; if it stays so, do not trust what is between you and the Hub.`,
  });
}
