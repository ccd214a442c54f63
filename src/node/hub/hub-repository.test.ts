import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';

import type { Fault } from '../../../test/support/hub-server.mjs';
import { noise, testHub, type TestHub } from '../../../test/support/hub.js';
import { temporaryFolder } from '../../../test/support/temporary-folder.js';
import { mountTinyDisk } from '../../../test/support/tiny-disk.js';
import { messageOf } from '../../core/errors.js';
import { parseHubModel } from './hub-id.js';
import { HubRepository, type HubOptions } from './hub-repository.js';

const big = noise(300_000);
const bigHash = createHash('sha256').update(big).digest('hex');
/** What `printf '{}' | git hash-object --stdin` prints. */
const emptyObject = '9e26dfeeb6e641a33dae4961196235bdb965b21b';
const id = 'o/m';
const files = { 'big.bin': big, 'config.json': '{}', 'sub/small.txt': 'small' };

const notes: string[] = [];
const patience: HubOptions = { backOff: 1, silence: 10_000, note: (line) => notes.push(line) };

function open(name = `hf:${id}`, options: HubOptions = {}): Promise<HubRepository> {
  notes.length = 0;
  return HubRepository.open(name, parseHubModel(name), { ...patience, ...options });
}

async function fetchBig(options: HubOptions = {}): Promise<HubRepository> {
  const repository = await open(`hf:${id}`, options);
  await repository.fetch(['big.bin']);
  return repository;
}

/** Goes wrong with the bytes of the large file so many times. */
function faultyBytes(hub: TestHub, fault: Fault, times = Infinity): void {
  let left = times;
  hub.server.fault = ({ origin }) => (origin === 'cdn' && left-- > 0 ? fault : undefined);
}

function refusal(asking: Promise<unknown>): Promise<string> {
  return asking.then(
    () => 'nothing was thrown',
    (thrown: unknown) => {
      const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
      return `${code}: ${messageOf(thrown)}`;
    },
  );
}

async function blobNames(hub: TestHub): Promise<string[]> {
  return (await readdir(path.join(hub.cache, 'models--o--m/blobs'))).sort();
}

async function expectBig(repository: HubRepository): Promise<void> {
  expect(Buffer.compare(await readFile(path.join(repository.folder, 'big.bin')), big)).toBe(0);
}

describe('a repository', () => {
  test('lies in the cache as Python keeps it', async () => {
    await using hub = await testHub({ pageSize: 1 });
    const commit = await hub.add({ id }, files);
    const repository = await open();
    expect([...repository.files.keys()].sort()).toEqual(['big.bin', 'config.json', 'sub/small.txt']);
    await repository.fetch(['big.bin', 'config.json', 'sub/small.txt']);

    const folder = path.join(hub.cache, 'models--o--m');
    const smallId = createHash('sha1').update('blob 5\0small').digest('hex');
    expect(await blobNames(hub)).toEqual([bigHash, emptyObject, smallId].sort());
    expect(await readFile(path.join(folder, 'refs/main'), 'utf8')).toBe(commit);
    expect(repository.folder).toBe(path.join(folder, 'snapshots', commit));
    expect(await readlink(path.join(repository.folder, 'sub/small.txt'))).toBe(`../../../blobs/${smallId}`);
    await expectBig(repository);
    const tree: unknown = JSON.parse(await readFile(path.join(folder, 'trees', `${commit}.json`), 'utf8'));
    expect(tree).toMatchObject({
      format_version: 1,
      files: {
        'big.bin': { size: 300_000, lfs_sha256: bigHash, lfs_size: 300_000 },
        'config.json': { size: 2, blob_id: emptyObject },
      },
    });
    expect(await repository.origin()).toEqual({
      endpoint: hub.server.url,
      type: 'model',
      repository: id,
      revision: 'main',
      commit,
      files: [
        { path: 'big.bin', size: 300_000, sha256: bigHash },
        { path: 'config.json', size: 2, sha256: createHash('sha256').update('{}').digest('hex') },
        { path: 'sub/small.txt', size: 5, sha256: createHash('sha256').update('small').digest('hex') },
      ],
    });
  });

  test('is asked for once: of what is there, only the commit of a branch is', async () => {
    await using hub = await testHub();
    const commit = await hub.add({ id }, files);
    await fetchBig();
    hub.asked();
    await fetchBig();
    expect(hub.asked()).toEqual(['hub /api/models/o/m/revision/main']);

    const second = await hub.add({ id }, { ...files, 'config.json': '{"a":1}' });
    const moved = await fetchBig();
    await moved.fetch(['config.json']);
    expect(moved.commit).toBe(second);
    expect(hub.asked().filter((asked) => asked.startsWith('cdn'))).toEqual([]);
    hub.asked();
    const pinned = await open(`hf:${id}@${commit}`);
    await pinned.fetch(['config.json']);
    expect(await readFile(path.join(pinned.folder, 'config.json'), 'utf8')).toBe('{}');
    expect(hub.asked()).toEqual([
      `hub /o/m/resolve/${commit}/config.json`,
      `hub /api/resolve-cache/models/o/m/${commit}/config.json`,
    ]);
  });

  test('with one content at two paths is fetched once', async () => {
    await using hub = await testHub();
    await hub.add({ id }, { 'a.bin': big, 'b.bin': big });
    const repository = await open();
    await repository.fetch(['a.bin']);
    await repository.fetch(['a.bin', 'b.bin']);
    expect(hub.asked().filter((asked) => asked.startsWith('cdn'))).toHaveLength(1);
    expect(Buffer.compare(await readFile(path.join(repository.folder, 'b.bin')), big)).toBe(0);
  });

  test('tells how much of it has come', async () => {
    await using hub = await testHub();
    await hub.add({ id }, files);
    const told: (string | number)[] = [];
    const progress = {
      begin(task: string, total: number, unit: string) {
        told.push(task, total, unit);
        return { update: (done: number) => told.splice(3, 1, done), end: () => told.push('end') };
      },
    };
    await (await open(`hf:${id}`, { progress })).fetch(['big.bin', 'config.json']);
    expect(told).toEqual(['download hf:o/m', 301, 'kB', 301, 'end']);
  });
});

describe('a token', () => {
  test('goes to the Hub and not to where it redirects', async () => {
    await using hub = await testHub({ tokens: { hf_secret: [id] } });
    await hub.add({ id, private: true }, files);
    await writeFile(process.env['HF_TOKEN_PATH'] ?? '', 'hf_secret\n');
    await fetchBig();
    const sent = hub.server.requests.map(({ origin, authorization }) => `${origin} ${authorization ?? 'nobody'}`);
    expect(new Set(sent)).toEqual(new Set(['hub Bearer hf_secret', 'cdn nobody']));
  });

  test('opens what is gated', async () => {
    await using hub = await testHub({ tokens: { hf_yes: [id], hf_no: [] } });
    await hub.add({ id, gated: true }, files);
    const page = `${hub.server.url}/o/m`;
    expect(await refusal(fetchBig())).toBe(
      'access: download big.bin of hf:o/m: expected a model that may be downloaded, got one that is gated, and no token. ' +
        `Accept its terms at ${page}, then set HF_TOKEN to a token of your account.`,
    );
    process.env['HF_TOKEN'] = 'hf_no';
    expect(await refusal(fetchBig())).toContain(
      `a token whose account has no access. Accept its terms at ${page} with`,
    );
    process.env['HF_TOKEN'] = 'hf_yes';
    await expectBig(await fetchBig());
  });

  test('that the Hub does not know, or that cannot be one, is not printed', async () => {
    await using hub = await testHub({ tokens: { hf_known: [] } });
    await hub.add({ id }, files);
    process.env['HF_TOKEN'] = 'hf_stale';
    const stale = await refusal(open());
    expect(stale).toContain('access: find hf:o/m: expected a token that the Hub knows, got one that it refuses.');
    process.env['HF_TOKEN'] = 'not a token';
    const broken = await refusal(open());
    expect(broken).toContain('usage: read HF_TOKEN: expected a token of the Hub');
    expect(stale + broken).not.toMatch(/hf_stale|not a token/);
  });
});

describe('what is not there', () => {
  test('a wrong name, to strangers and to those who are known', async () => {
    await using hub = await testHub({ tokens: { hf_known: [] } });
    await hub.add({ id, private: true }, files);
    const stranger =
      'missing: find hf:o/m: expected a model of that name, got none that is public. Check the name; if it';
    expect(await refusal(open())).toContain(stranger);
    expect(await refusal(open('hf:o/none'))).toContain(stranger.replace('o/m', 'o/none'));
    process.env['HF_TOKEN'] = 'hf_known';
    expect(await refusal(open())).toContain('got none that the token may see');
  });

  test('a revision', async () => {
    await using hub = await testHub();
    await hub.add({ id }, files);
    expect(await refusal(open('hf:o/m@gone'))).toBe(
      'missing: find hf:o/m@gone: expected a model with the revision "gone", got one without it. ' +
        `It was deleted or never was: see ${hub.server.url}/o/m/commits/main.`,
    );
  });

  test('a file', async () => {
    await using hub = await testHub();
    await hub.add({ id }, files);
    const repository = await open();
    expect(await refusal(repository.fetch(['nope.pt']))).toContain('expected a file "nope.pt" in the repository');
  });
});

describe('a download that breaks', () => {
  test('goes on where it was cut, within a run and in the next one', async () => {
    await using hub = await testHub();
    await hub.add({ id }, files);
    faultyBytes(hub, { cutAfter: 20_000 });
    expect(await refusal(fetchBig())).toMatch(
      /^network: download big\.bin of hf:o\/m: expected an answer of the Hub, got a broken connection to localhost:\d+ \(.+\), 5 times in a row\./,
    );
    expect(notes).toHaveLength(4);
    expect(await blobNames(hub)).toEqual([`${bigHash}.free.incomplete`]);
    hub.server.fault = undefined;
    await expectBig(await fetchBig());
    const ranges = hub.server.requests.filter(({ origin }) => origin === 'cdn').map(({ range }) => range);
    expect(ranges).toEqual([undefined, ...[1, 2, 3, 4, 5].map((times) => `bytes=${times * 20_000}-`)]);
    expect(await blobNames(hub)).toEqual([bigHash]);
  });

  test('begins again where a server knows no ranges', async () => {
    await using hub = await testHub();
    await hub.add({ id }, files);
    let asked = 0;
    hub.server.fault = ({ origin }) => {
      if (origin !== 'cdn') return undefined;
      return asked++ === 0 ? { cutAfter: 100_000 } : { ignoreRange: true };
    };
    await expectBig(await fetchBig());
  });

  test('goes on when nothing comes any more', async () => {
    await using hub = await testHub();
    await hub.add({ id }, files);
    faultyBytes(hub, { stallAfter: 50_000 }, 1);
    await expectBig(await fetchBig({ silence: 200 }));
    expect(notes.join()).toContain('a connection on which nothing came for 0.2 s; trying again');
  });

  test('stops when it is told to, and keeps what came', async () => {
    await using hub = await testHub();
    await hub.add({ id }, files);
    faultyBytes(hub, { stallAfter: 50_000 });
    const stop = new AbortController();
    const reason = new Error('Ctrl-C');
    const progress = {
      begin: () => ({
        update: (done: number) => {
          if (done >= 50) stop.abort(reason);
        },
        end: () => undefined,
      }),
    };
    await expect(fetchBig({ signal: stop.signal, progress })).rejects.toBe(reason);
    expect(await blobNames(hub)).toEqual([`${bigHash}.free.incomplete`]);
  });
});

describe('content that is not what the Hub states', () => {
  test('a wrong hash: deleted, and said', async () => {
    await using hub = await testHub();
    await hub.add({ id }, files);
    faultyBytes(hub, { flip: true });
    const said = await refusal(fetchBig());
    expect(said).toContain(
      `mismatch: download big.bin of hf:o/m: expected the sha256 ${bigHash} that the Hub states, got `,
    );
    expect(said).toContain('What came was deleted');
    expect(await blobNames(hub)).toEqual([]);
    hub.server.fault = ({ path: asked }) => (asked.startsWith('/api/resolve-cache') ? { flip: true } : undefined);
    expect(await refusal((await open()).fetch(['config.json']))).toContain(`expected the git hash ${emptyObject} that`);
    expect(await blobNames(hub)).toEqual([]);
  });

  test('a wrong beginning, from a run before', async () => {
    await using hub = await testHub();
    await hub.add({ id }, files);
    await mkdir(path.join(hub.cache, 'models--o--m/blobs'), { recursive: true });
    await writeFile(path.join(hub.cache, 'models--o--m/blobs', `${bigHash}.free.incomplete`), 'not the beginning');
    expect(await refusal(fetchBig())).toContain('mismatch: ');
    expect(await blobNames(hub)).toEqual([]);
    await expectBig(await fetchBig());
  });

  test('more bytes than stated, or fewer', async () => {
    await using hub = await testHub();
    await hub.add({ id }, files);
    faultyBytes(hub, { more: 1 });
    expect(await refusal(fetchBig())).toContain(
      'expected the 300000 bytes that the Hub states, got more than the 300000',
    );
    expect(await blobNames(hub)).toEqual([]);
    faultyBytes(hub, { less: 1 });
    expect(await refusal(fetchBig())).toContain('a connection that ended after 299999 of 300000 bytes');
  });

  test('headers that do not say what the listing said: nothing is fetched', async () => {
    await using hub = await testHub();
    await hub.add({ id }, files);
    const other = createHash('sha256').update('other').digest('hex');
    const wrong = [
      [{ 'X-Linked-Size': '300001' }, 'got 300001 by the headers, 300000 by the listing'],
      [{ 'X-Linked-ETag': `"${other}"` }, `expected the sha256 ${bigHash} that the Hub states, got ${other}`],
    ] as const;
    for (const [headers, said] of wrong) {
      hub.server.fault = ({ path: asked }) => (asked.includes('/resolve/') ? { headers } : undefined);
      expect(await refusal(fetchBig())).toContain(said);
      expect(await blobNames(hub)).toEqual([]);
    }
  });
});

describe('a Hub in trouble', () => {
  test('is asked again, as it says when', async () => {
    await using hub = await testHub();
    await hub.add({ id }, files);
    const answers: Fault[] = [{ status: 429, headers: { 'Retry-After': '0' } }, { status: 503 }, { status: 500 }];
    hub.server.fault = () => answers.shift();
    await expectBig(await fetchBig());
    expect(notes.map((line) => line.replace(hub.server.url, 'URL'))).toEqual([
      'find hf:o/m: status 429, too many requests; trying again in 0.0 s',
      'find hf:o/m: status 503 from URL; trying again in 0.0 s',
      'find hf:o/m: status 500 from URL; trying again in 0.0 s',
    ]);
  });

  test('is not asked for ever', async () => {
    await using hub = await testHub();
    await hub.add({ id }, files);
    hub.server.fault = () => ({ status: 502 });
    expect(await refusal(open())).toContain('network: find hf:o/m: expected an answer of the Hub, got status 502 from');
    expect(hub.asked()).toHaveLength(5);
    hub.server.fault = () => ({ status: 429, headers: { 'Retry-After': '3600' } });
    expect(await refusal(open())).toContain(
      'too many requests, which asks to wait 3600 s. Wait some minutes. With HF_TOKEN the Hub allows more requests.',
    );
    expect(hub.asked()).toHaveLength(1);
  });

  test('that is down, is none, or sends elsewhere', async () => {
    await using hub = await testHub();
    await hub.add({ id }, files);
    hub.server.fault = () => ({ status: 200 });
    expect(await refusal(open())).toContain('network: find hf:o/m: expected a listing of the Hub at http://127.0.0.1');
    hub.server.fault = () => ({ status: 404 });
    expect(await refusal(open())).toContain('If HF_ENDPOINT is set, check that it is a Hub.');
    hub.server.fault = () => ({ status: 302, headers: { Location: 'file:///etc/passwd' } });
    expect(await refusal(open())).toContain('hostile: find hf:o/m: expected a redirect to another page of the web');
    hub.server.fault = () => ({ status: 302, headers: { Location: '/round' } });
    expect(await refusal(open())).toContain('more than 8 redirects');
    await hub.server.close();
    expect(await refusal(open())).toMatch(
      /^network: .*a broken connection to 127\.0\.0\.1:\d+ \(ECONNREFUSED\), 5 times in a row\. Check the network/,
    );
    process.env['HF_ENDPOINT'] = 'huggingface.co';
    expect(await refusal(open())).toContain('usage: read HF_ENDPOINT: expected a URL that begins with https://');
  });
});

describe('offline', () => {
  test('what is in the cache is used without a request', async () => {
    await using hub = await testHub();
    const commit = await hub.add({ id }, files);
    await fetchBig();
    hub.asked();
    process.env['HF_HUB_OFFLINE'] = '1';
    await expectBig(await fetchBig());
    // a cache of an older Python has no listings
    await rm(path.join(hub.cache, 'models--o--m/trees'), { recursive: true });
    const repository = await fetchBig();
    expect([...repository.files]).toEqual([['big.bin', { size: 300_000, id: bigHash }]]);
    await expectBig(await open(`hf:${id}@${commit}`));
    expect(hub.asked()).toEqual([]);
  });

  test('what is not there is named', async () => {
    await using hub = await testHub();
    await hub.add({ id }, files);
    await fetchBig();
    process.env['HF_HUB_OFFLINE'] = '1';
    expect(await refusal((await open()).fetch(['big.bin', 'config.json']))).toMatch(
      /^missing: open hf:o\/m: expected config\.json in .*, got nothing, and HF_HUB_OFFLINE forbids to fetch it\. Run once/,
    );
    expect(await refusal(open('hf:o/m@v2'))).toContain('expected the revision "v2" in the cache');
    expect(await refusal(open('hf:o/other'))).toContain('missing: open hf:o/other');
  });
});

describe('a hostile listing', () => {
  const paths = ['../../../../evil', '/evil', 'a\\..\\evil', 'C:evil', 'a/../../evil', 'evil\0'];

  test.each(paths)('%j leaves nothing outside of the cache', async (evil) => {
    await using hub = await testHub();
    await hub.add({ id }, files);
    hub.server.fault = () => ({ listing: (entries) => entries.map((entry) => ({ ...entry, path: evil })) });
    const repository = await open();
    expect(await refusal(repository.fetch([evil]))).toContain(
      'hostile: download from hf:o/m: expected files whose paths',
    );
    expect(await readdir(path.join(hub.cache, 'models--o--m'))).not.toContain('snapshots');
  });

  test('entries that are none', async () => {
    await using hub = await testHub();
    await hub.add({ id }, files);
    for (const change of [{ size: -1 }, { oid: '../x' }, { lfs: { oid: 'x', size: 1 } }, { path: 7 }]) {
      hub.server.fault = () => ({ listing: (entries) => entries.map((entry) => ({ ...entry, ...change })) });
      expect(await refusal(open())).toContain('network: find hf:o/m: expected a listing of the Hub');
    }
  });

  test('a link in the cache that leads out of it is not followed', async () => {
    await using hub = await testHub();
    await using outside = await temporaryFolder();
    await hub.add({ id }, files);
    const repository = await open();
    await mkdir(repository.folder, { recursive: true });
    await symlink(outside.path, path.join(repository.folder, 'sub'));
    expect(await refusal(repository.fetch(['sub/small.txt']))).toContain('hostile: put sub/small.txt into');
    expect(await readdir(outside.path)).toEqual([]);
    // a link to another file of the same length is not the file
    await writeFile(path.join(outside.path, 'other'), '[]');
    await symlink(path.join(outside.path, 'other'), path.join(repository.folder, 'config.json'));
    await repository.fetch(['config.json']);
    expect(await readFile(path.join(repository.folder, 'config.json'), 'utf8')).toBe('{}');
    expect(await readFile(path.join(outside.path, 'other'), 'utf8')).toBe('[]');
  });
});

describe('a cache that cannot be used', () => {
  test('a file in its place', async () => {
    await using hub = await testHub();
    await hub.add({ id }, files);
    await writeFile(hub.cache, '');
    expect(await refusal(fetchBig())).toMatch(
      /^storage: write .*models--o--m.*Set HF_HUB_CACHE to a folder that can be written/,
    );
  });

  test('one that may not be written: what it has serves, what it has not is said', async ({ skip }) => {
    const mounted = mountTinyDisk(1024);
    if (typeof mounted === 'string') return skip(mounted);
    using disk = mounted;
    await using hub = await testHub();
    process.env['HF_HUB_CACHE'] = disk.path;
    const commit = await hub.add({ id }, files);
    await fetchBig();
    await rm(path.join(disk.path, 'models--o--m/trees', `${commit}.json`));
    disk.makeReadOnly();
    await expectBig(await fetchBig());
    expect(notes.join()).toContain('a read-only file system');
    expect(await refusal((await open()).fetch(['config.json']))).toMatch(
      /^storage: .*a read-only file system\. Set HF_HUB_CACHE/,
    );
  });

  test('one with too little room is left as it is', async ({ skip }) => {
    const mounted = mountTinyDisk(200);
    if (typeof mounted === 'string') return skip(mounted);
    using disk = mounted;
    await using hub = await testHub();
    process.env['HF_HUB_CACHE'] = disk.path;
    await hub.add({ id }, files);
    expect(await refusal(fetchBig())).toMatch(
      /^storage: download hf:o\/m: expected 300000 bytes of room at .*, got \d+\./,
    );
    expect(hub.asked().filter((asked) => asked.startsWith('cdn'))).toEqual([]);
  });
});

describe('two at once', () => {
  test('each have the file whole', async () => {
    await using hub = await testHub();
    await hub.add({ id }, files);
    for (const repository of await Promise.all([fetchBig(), fetchBig(), fetchBig()])) await expectBig(repository);
    expect(await blobNames(hub)).toEqual([bigHash]);
  });

  test('a part that somebody is writing is left alone; one whose owner died, or gave it up, is taken', async () => {
    await using hub = await testHub();
    await hub.add({ id }, files);
    const blobs = path.join(hub.cache, 'models--o--m/blobs');
    await mkdir(blobs, { recursive: true });
    const part = (owner: string): string => path.join(blobs, `${bigHash}.${owner}.incomplete`);
    const dead = spawn('true');
    await new Promise((resolve) => dead.on('exit', resolve));
    const own = (pid = 0): string => `${encodeURIComponent(os.hostname())}-${pid}-0123456789ab`;
    const [alive, elsewhere, python] = [own(process.ppid), 'another-host-1-0123456789ab', '1a2b3c4d'];
    for (const owner of [alive, elsewhere, python]) await writeFile(part(owner), 'theirs');
    await writeFile(part(own(dead.pid)), big.subarray(0, 1000));
    await writeFile(part('free'), big.subarray(0, 7000));
    await expectBig(await fetchBig());
    expect(hub.server.requests.find(({ origin }) => origin === 'cdn')?.range).toBe('bytes=7000-');
    const left = [alive, elsewhere, python].map((owner) => path.basename(part(owner)));
    expect(await blobNames(hub)).toEqual([bigHash, ...left].sort());
  });
});
