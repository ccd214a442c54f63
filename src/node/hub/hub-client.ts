import { InputError } from '../../core/errors.js';
import { jsonOrNothing } from '../../core/json.js';
import { errnoOf } from '../errno.js';
import { refusalOf, type Asked } from './hub-refusal.js';
import type { HubSettings } from './hub-settings.js';
import { Passing, persist, type Persistence } from './persistence.js';

/** What the caller has to say about requests. */
export interface Patience extends Persistence {
  /** How long a server may send nothing, in ms; half a minute by default. */
  readonly silence?: number | undefined;
}

/** A successful answer whose body has not been read. */
export interface Answer {
  readonly status: number;
  /** Of the last answer. */
  readonly headers: Headers;
  /** By the first answer that had the header: the Hub sends these before it redirects to a store of large files. */
  readonly stated: (header: string) => string | undefined;
  /** Reads the body to its end. @throws Passing when the connection breaks or goes silent */
  body(): AsyncGenerator<Uint8Array, void, undefined>;
  /** Instead of reading the body. */
  cancel(): Promise<void>;
}

const MAXIMUM_REDIRECTS = 8;
/** A page of a listing is a few hundred KB. */
const MAXIMUM_JSON_BYTES = 2 ** 26;

/** Asks a Hub over HTTP. The token goes to the Hub alone, not to where it redirects. */
export class HubClient {
  readonly #settings: HubSettings;
  readonly #patience: Patience;

  constructor(settings: HubSettings, patience: Patience) {
    this.#settings = settings;
    this.#patience = patience;
  }

  /**
   * A `fetch` for `@huggingface/hub`: it asks again where that may help, and what it returns went well, is whole and is
   * JSON.
   */
  fetchFor(asked: Asked): typeof fetch {
    return (input, init) => {
      const url = input instanceof Request ? input.url : String(input);
      return persist(
        asked.operation,
        async () => {
          const answer = await this.get(url, new Headers(init?.headers), asked);
          return new Response(await wholeJson(answer, asked), { status: 200, headers: answer.headers });
        },
        this.#patience,
      );
    };
  }

  /** Asks once. @throws Passing, InputError */
  async get(url: string, headers: Headers, asked: Asked): Promise<Answer> {
    const { signal, silence = 30_000 } = this.#patience;
    const silent = new SilenceTimer(silence, signal);
    const hops: Headers[] = [];
    try {
      let at = new URL(url);
      for (let redirects = 0; redirects <= MAXIMUM_REDIRECTS; redirects++) {
        const response = await fetch(at, {
          headers: this.#headersFor(at, headers),
          redirect: 'manual',
          signal: silent.signal,
        }).catch((thrown: unknown) => {
          throw broken(at, thrown);
        });
        hops.push(response.headers);
        const location = response.headers.get('Location');
        if (response.status < 300 || response.status > 399 || location === null) {
          if (!response.ok) {
            await response.body?.cancel();
            throw refusalOf(response, asked);
          }
          return this.#answer(response, at, hops, silent);
        }
        await response.body?.cancel();
        at = redirected(location, at, asked);
      }
      throw new Passing(`more than ${MAXIMUM_REDIRECTS} redirects`);
    } catch (thrown) {
      silent.stop();
      throw thrown;
    }
  }

  #headersFor(at: URL, headers: Headers): Headers {
    const { endpoint, token } = this.#settings;
    const own = new Headers(headers);
    own.set('User-Agent', 'rvpt');
    // lengths and ranges are those of the file as it is
    own.set('Accept-Encoding', 'identity');
    if (token !== undefined && at.origin === new URL(endpoint).origin) own.set('Authorization', `Bearer ${token}`);
    return own;
  }

  #answer(response: Response, at: URL, hops: readonly Headers[], silent: SilenceTimer): Answer {
    return {
      status: response.status,
      headers: response.headers,
      stated: (header) => hops.map((each) => each.get(header)).find((value) => value !== null) ?? undefined,
      async *body() {
        try {
          for await (const chunk of response.body ?? []) {
            silent.restart();
            yield chunk;
          }
        } catch (thrown) {
          throw broken(at, thrown);
        } finally {
          silent.stop();
        }
      },
      async cancel() {
        silent.stop();
        await response.body?.cancel();
      },
    };
  }
}

async function wholeJson(answer: Answer, { operation, endpoint }: Asked): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of answer.body()) {
    size += chunk.length;
    if (size > MAXIMUM_JSON_BYTES) break;
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString();
  if (size <= MAXIMUM_JSON_BYTES && jsonOrNothing(text) !== undefined) return text;
  throw new InputError({
    code: 'network',
    operation,
    expected: `JSON from the Hub at ${endpoint}`,
    received: size > MAXIMUM_JSON_BYTES ? `more than ${MAXIMUM_JSON_BYTES} bytes` : 'something else',
    fix: 'If HF_ENDPOINT is set, check that it is a Hub; a login page of the network also looks like this.',
  });
}

function redirected(location: string, from: URL, { operation }: Asked): URL {
  const to = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  if (to !== undefined && /^https?:$/.test(to.protocol)) return to;
  throw new InputError({
    code: 'hostile',
    operation,
    expected: 'a redirect to another page of the web',
    received: JSON.stringify(location.slice(0, 200)),
  });
}

/** What went wrong with a connection. `fetch` tells it in the cause of what it throws. */
function broken(at: URL, thrown: unknown): unknown {
  if (thrown instanceof Passing) return thrown;
  if (!(thrown instanceof Error)) return thrown;
  const cause = thrown.cause instanceof Error ? thrown.cause : thrown;
  const reason = errnoOf(cause) ?? cause.message;
  return new Passing(`a broken connection to ${at.host} (${reason})`, { cause: thrown });
}

/** Ends a request when nothing comes for a while. */
class SilenceTimer {
  readonly signal: AbortSignal;
  readonly #timer: NodeJS.Timeout;

  constructor(ms: number, outer: AbortSignal | undefined) {
    const controller = new AbortController();
    this.signal = outer === undefined ? controller.signal : AbortSignal.any([controller.signal, outer]);
    this.#timer = setTimeout(() => {
      controller.abort(new Passing(`a connection on which nothing came for ${ms / 1000} s`));
    }, ms);
  }

  restart(): void {
    this.#timer.refresh();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
