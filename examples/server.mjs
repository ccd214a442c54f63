// A web server with a defended model: POST an image, get the classes that it looks most like.
//   node examples/defend.mjs                    makes the run that is served here
//   node examples/server.mjs                    then, from elsewhere: curl --data-binary @photo.jpg localhost:8080
//   node examples/server.mjs --self-test        serves one image to itself and ends
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { InputError, loadClip, readRun, readTunedPrompts, ZeroShotClassifier } from 'rvpt';

const MOST_BYTES = 8 * 2 ** 20;
const MOST_PIXELS = 25_000_000;
/** Images in memory at once; whoever comes then is asked to come again. */
const MOST_REQUESTS = 16;

const { config, samples } = await readRun('runs/example');
const clip = await loadClip(config.model.path);
const { prompts } = await readTunedPrompts('runs/example', clip);
const { templates, preprocess } = config.settings; // as it was tuned
const classifier = await ZeroShotClassifier.create({
  clip,
  prompts,
  classNames: samples.classes,
  templates,
  preprocess,
  decoding: { maxPixels: MOST_PIXELS },
});
await clip[Symbol.asyncDispose](); // the classifier has what it needs

let requests = 0;

/** The body of a request, or undefined when it is too large. */
async function readBody(request) {
  const parts = [];
  let bytes = 0;
  if (Number(request.headers['content-length']) > MOST_BYTES) return undefined;
  // a request that is left half read must stay open, or nobody could be told why
  for await (const part of request.iterator({ destroyOnReturn: false })) {
    bytes += part.length;
    if (bytes > MOST_BYTES) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts);
}

async function answer(request) {
  if (request.method !== 'POST') return { status: 405, error: 'POST the bytes of an image' };
  if (requests > MOST_REQUESTS) return { status: 503, error: 'busy, come again' };
  const image = await readBody(request);
  if (image === undefined) return { status: 413, error: `more than ${MOST_BYTES} bytes` };
  const scores = await classifier.classify(image, 'the upload');
  return { status: 200, classes: scores.slice(0, 5).map(({ className, probability }) => ({ className, probability })) };
}

/** What a person can mend is told to them; anything else is for the log. */
function refusal(error) {
  if (error instanceof InputError) return { status: 422, error: error.message };
  console.error(error);
  return { status: 500, error: 'something went wrong here' };
}

const server = createServer((request, response) => {
  requests += 1;
  answer(request)
    .catch(refusal)
    .then(({ status, ...body }) => {
      requests -= 1;
      // what was not read of a refused request is in the way of the next one
      const headers = { 'content-type': 'application/json', ...(request.readableEnded ? {} : { connection: 'close' }) };
      response.writeHead(status, headers).end(`${JSON.stringify(body)}\n`);
    });
});

async function selfTest(url) {
  const post = async (body) => {
    const response = await fetch(url, { method: 'POST', body });
    return { status: response.status, ...(await response.json()) };
  };
  const [{ image, label }] = samples.samples;
  const found = await post(await readFile(`${config.data.path}/${image}`));
  console.log({ image, shows: samples.classes[label], ...found });
  assert.equal(found.status, 200);
  assert.equal(found.classes.length, 5);
  assert(found.classes.every(({ className }) => samples.classes.includes(className)));
  assert.deepEqual(await post('no image').then(({ status }) => status), 422);
  assert.deepEqual(await post(Buffer.alloc(MOST_BYTES + 1)).then(({ status }) => status), 413);
  assert.deepEqual(await fetch(url).then(({ status }) => status), 405);
}

const selfTesting = process.argv.includes('--self-test');
server.listen(selfTesting ? 0 : 8080, 'localhost', async () => {
  const url = `http://localhost:${server.address().port}/`;
  console.log(`listening at ${url}`);
  if (!selfTesting) return;
  await selfTest(url);
  server.close();
  server.closeAllConnections();
  await classifier[Symbol.asyncDispose]();
});
