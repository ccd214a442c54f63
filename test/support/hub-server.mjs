// A server that answers as the Hugging Face Hub does, over real HTTP, with folders as its repositories. Large files are
// handed out by a second server on a port of its own, as the Hub hands them to a content delivery network.
// Plain JavaScript, so that tests and scripts can both use it.

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import path from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** Bytes from which a file counts as large, as the Hub would keep it outside of git. */
const largeFrom = 4096;

export async function startHub({ tokens = {}, pageSize = 1000 } = {}) {
  const repositories = new Map();
  const blobs = new Map();
  const requests = [];
  const hub = { requests, fault: undefined };

  const answer = (origin, respond) => async (request, response) => {
    const url = new URL(request.url, 'http://hub');
    const { range, authorization } = request.headers;
    const seen = { origin, method: request.method, path: decodeURIComponent(url.pathname), range, authorization };
    requests.push(seen);
    const fault = hub.fault?.(seen) ?? {};
    try {
      if (fault.status !== undefined) refuse(response, fault.status, fault.code, fault.message ?? '', fault.headers);
      else await respond(request, response, url, fault);
    } catch (thrown) {
      // a client that went away, or a connection that was cut on purpose
      if (!response.destroyed) response.destroy(thrown);
    }
  };

  const cdn = createServer(
    answer('cdn', async (request, response, url, fault) => {
      const blob = blobs.get(url.pathname.slice(1));
      if (blob === undefined) return refuse(response, 404, undefined, 'no such blob');
      // storage servers refuse a login that is not theirs
      if (request.headers.authorization !== undefined) return refuse(response, 400, undefined, 'two kinds of login');
      return sendFile(request, response, blob, fault);
    }),
  );
  // another name of the same machine, so that clients take it for another host
  const cdnUrl = (await listen(cdn)).replace('127.0.0.1', 'localhost');

  const server = createServer(
    answer('hub', async (request, response, url, fault) => {
      const login = loginOf(request, tokens);
      if (login === 'wrong') return refuse(response, 401, undefined, 'Invalid credentials in Authorization header');
      const asked = parsePath(decodeURIComponent(url.pathname));
      const repository = asked && repositories.get(`${asked.type}/${asked.id}`);
      const known = repository !== undefined && (!repository.private || login?.includes(asked.id));
      if (!known && login === undefined) return refuse(response, 401, undefined, 'Invalid username or password.');
      if (!known) return refuse(response, 404, 'RepoNotFound', 'Repository not found');
      const commit = repository.refs.get(asked.revision) ?? asked.revision;
      const files = repository.commits.get(commit);
      if (files === undefined) return refuse(response, 404, 'RevisionNotFound', `Invalid rev id: ${asked.revision}`);
      if (asked.action === 'revision') return sendJson(response, describe(asked, repository, commit, files));
      if (asked.action === 'tree') return sendTree(response, url, files, pageSize, fault);
      if (repository.gated && !login?.includes(asked.id)) {
        const message = `Access to ${asked.type} ${asked.id} is restricted.`;
        return refuse(response, login === undefined ? 401 : 403, 'GatedRepo', message);
      }
      const file = files.find((one) => one.path === asked.path);
      if (file === undefined) return refuse(response, 404, 'EntryNotFound', 'Entry not found');
      response.setHeader('X-Repo-Commit', commit);
      response.setHeader('X-Linked-Size', file.size);
      response.setHeader('X-Linked-ETag', `"${file.sha256 ?? file.sha1}"`);
      if (asked.action === 'content') return sendFile(request, response, file, fault);
      const { type, id } = asked;
      const small = `/api/resolve-cache/${type}s/${id}/${commit}/${encodeURIComponent(file.path)}`;
      const Location = file.sha256 === undefined ? small : `${cdnUrl}/${file.sha256}?sign=1`;
      response.writeHead(file.sha256 === undefined ? 307 : 302, { Location, ...fault.headers });
      return response.end();
    }),
  );
  const url = await listen(server);

  return Object.assign(hub, {
    url,
    cdnUrl,
    async add({ type = 'model', id, folder, revision = 'main', gated = false, private: isPrivate = false }) {
      const files = await listFolder(folder);
      for (const file of files) if (file.sha256 !== undefined) blobs.set(file.sha256, file);
      const commit = sha1(JSON.stringify([id, files.map((file) => [file.path, file.sha1])]));
      const key = `${type}/${id}`;
      const repository = repositories.get(key) ?? { refs: new Map(), commits: new Map() };
      repositories.set(key, Object.assign(repository, { gated, private: isPrivate }));
      repository.refs.set(revision, commit);
      repository.commits.set(commit, files);
      return commit;
    },
    async close() {
      for (const one of [server, cdn]) {
        one.closeAllConnections();
        await new Promise((resolve) => one.close(resolve));
      }
    },
    [Symbol.asyncDispose]() {
      return hub.close();
    },
  });
}

async function listen(server) {
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${server.address().port}`;
}

/** Undefined for nobody, `wrong` for a token that is none, or what repositories the token opens. */
function loginOf(request, tokens) {
  const { authorization } = request.headers;
  if (authorization === undefined) return undefined;
  const token = /^Bearer (.+)$/.exec(authorization)?.[1] ?? '';
  return Object.hasOwn(tokens, token) ? tokens[token] : 'wrong';
}

const id = '((?:[^/]+/)?[^/]+?)';
const routes = [
  [new RegExp(`^/api/(model|dataset)s/${id}/(revision|tree)/(.+)$`), ['type', 'id', 'action', 'revision']],
  [new RegExp(`^/api/resolve-cache/(model|dataset)s/${id}/([0-9a-f]{40})/(.+)$`), ['type', 'id', 'revision', 'path']],
  [new RegExp(`^/datasets/${id}/resolve/([^/]+)/(.+)$`), ['id', 'revision', 'path']],
  [new RegExp(`^/${id}/resolve/([^/]+)/(.+)$`), ['id', 'revision', 'path']],
];

function parsePath(pathname) {
  for (const [pattern, names] of routes) {
    const match = pattern.exec(pathname);
    if (match === null) continue;
    const found = Object.fromEntries(names.map((name, i) => [name, match[i + 1]]));
    const type = pathname.startsWith('/datasets/') ? 'dataset' : 'model';
    const action = pathname.startsWith('/api/resolve-cache/') ? 'content' : 'resolve';
    return { type, action, ...found };
  }
  return undefined;
}

function describe({ id }, { gated, private: isPrivate }, sha, files) {
  const siblings = files.map((file) => ({ rfilename: file.path }));
  return { _id: sha1(id), id, private: isPrivate, gated: gated && 'auto', downloads: 0, likes: 0, sha, siblings };
}

function sendTree(response, url, files, pageSize, fault) {
  const folders = new Set(files.map((file) => path.posix.dirname(file.path)).filter((folder) => folder !== '.'));
  const entries = [
    ...[...folders].map((folder) => ({ type: 'directory', oid: sha1(folder), size: 0, path: folder })),
    ...files.map(treeEntry),
  ];
  const all = fault.listing?.(entries) ?? entries;
  const from = Number(url.searchParams.get('cursor') ?? 0);
  const next = new URL(url);
  next.searchParams.set('cursor', from + pageSize);
  const link = `<http://${response.req.headers.host}${next.pathname}${next.search}>; rel="next"`;
  return sendJson(response, all.slice(from, from + pageSize), from + pageSize < all.length ? { Link: link } : {});
}

function treeEntry({ path: name, size, sha1: oid, sha256 }) {
  if (sha256 === undefined) return { type: 'file', oid, size, path: name };
  // what is in git is a small text that points at the file
  const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${sha256}\nsize ${size}\n`;
  const lfs = { oid: sha256, size, pointerSize: pointer.length };
  return { type: 'file', oid: sha1(`blob ${pointer.length}\0${pointer}`), size, lfs, path: name };
}

function sendJson(response, value, headers = {}) {
  response.writeHead(200, { 'Content-Type': 'application/json; charset=utf-8', ...headers });
  response.end(JSON.stringify(value));
}

function refuse(response, status, code, message, headers = {}) {
  response.writeHead(status, {
    'Content-Type': 'application/json; charset=utf-8',
    ...(code === undefined ? {} : { 'X-Error-Code': code }),
    ...(message === '' ? {} : { 'X-Error-Message': message }),
    ...headers,
  });
  response.end(JSON.stringify({ error: message }));
}

async function sendFile(request, response, file, fault) {
  const asked = fault.ignoreRange === true ? null : /^bytes=(\d+)-$/.exec(request.headers.range ?? '');
  const from = asked === null ? 0 : Number(asked[1]);
  if (asked !== null && from >= file.size) return refuse(response, 416, undefined, 'range not satisfiable');
  const length = file.size - from;
  const { cutAfter, stallAfter, flip = false, more = 0, less = 0 } = fault;
  response.writeHead(asked === null ? 200 : 206, {
    'Content-Type': 'application/octet-stream',
    ETag: `"${file.sha256 ?? file.sha1}"`,
    'Accept-Ranges': 'bytes',
    ...(asked === null ? {} : { 'Content-Range': `bytes ${from}-${file.size - 1}/${file.size}` }),
    // a body that lies about its length comes in chunks
    ...(more > 0 || less > 0 ? {} : { 'Content-Length': length }),
    ...fault.headers,
  });
  if (request.method === 'HEAD') return response.end();
  const stopAt = cutAfter ?? stallAfter ?? length - less;
  let sent = 0;
  const through = new Transform({
    transform(chunk, _encoding, done) {
      const part = chunk.subarray(0, Math.max(0, stopAt - sent));
      if (flip && sent === 0 && part.length > 0) part[0] ^= 1;
      sent += part.length;
      done(null, part);
    },
    flush(done) {
      done(null, Buffer.alloc(more));
    },
  });
  const isWhole = cutAfter === undefined && stallAfter === undefined;
  await pipeline(createReadStream(file.file, { start: from }), through, response, { end: isWhole });
  // let what was written reach the client before the connection goes
  if (cutAfter !== undefined) setTimeout(() => response.destroy(), 20);
}

async function listFolder(folder) {
  const names = await readdir(folder, { recursive: true });
  const files = [];
  for (const name of names.sort()) {
    const file = path.join(folder, name);
    const { size, ...info } = await stat(file).then((found) => ({ size: found.size, isFile: found.isFile() }));
    if (!info.isFile) continue;
    const isLarge = size >= largeFrom;
    const hashes = { sha1: createHash('sha1').update(`blob ${size}\0`), sha256: createHash('sha256') };
    for await (const chunk of createReadStream(file)) for (const hash of Object.values(hashes)) hash.update(chunk);
    const [gitId, digest] = [hashes.sha1.digest('hex'), hashes.sha256.digest('hex')];
    files.push({ path: name.split(path.sep).join('/'), file, size, sha1: gitId, sha256: isLarge ? digest : undefined });
  }
  return files;
}

function sha1(text) {
  return createHash('sha1').update(text).digest('hex');
}
