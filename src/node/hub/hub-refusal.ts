import { InputError } from '../../core/errors.js';
import { Passing } from './persistence.js';

/** What was asked of the Hub, for messages. */
export interface Asked {
  /** `find hf:owner/name`. */
  readonly operation: string;
  /** `model` or `data set`. */
  readonly kind: string;
  readonly revision: string;
  /** Page of the repository. */
  readonly page: string;
  readonly endpoint: string;
  /** Whether a token was sent. */
  readonly loggedIn: boolean;
}

/** What an answer other than success means to a person; `Passing` where asking again may help. */
export function refusalOf({ status, headers }: Response, asked: Asked): InputError | Passing {
  const said = headers.get('X-Error-Message') ?? '';
  const answer = `status ${status}${said === '' ? '' : ` (${said.slice(0, 200)})`}`;
  if (status === 429) {
    const fix = asked.loggedIn ? '' : ' With HF_TOKEN the Hub allows more requests.';
    return new Passing(`${answer}, too many requests`, { wait: retryAfter(headers), fix: `Wait some minutes.${fix}` });
  }
  if (status >= 500 || status === 408) {
    return new Passing(`${answer} from ${asked.endpoint}`, { wait: retryAfter(headers) });
  }
  const code = headers.get('X-Error-Code');
  if (code === 'GatedRepo') return gated(asked);
  if (code === 'RevisionNotFound') return noRevision(asked);
  if (code === 'RepoNotFound') return noRepository(asked);
  // strangers are told the same of what is private and of what does not exist
  if (status === 401) return asked.loggedIn ? badToken(asked) : noRepository(asked);
  const { operation, endpoint } = asked;
  return new InputError({
    code: status === 403 ? 'access' : 'network',
    operation,
    expected: `what the Hub at ${endpoint} has`,
    received: answer,
    fix: status === 403 ? `See ${asked.page}.` : 'If HF_ENDPOINT is set, check that it is a Hub.',
  });
}

function gated({ operation, kind, page, loggedIn }: Asked): InputError {
  return new InputError({
    code: 'access',
    operation,
    expected: `a ${kind} that may be downloaded`,
    received: loggedIn
      ? 'one that is gated, and a token whose account has no access'
      : 'one that is gated, and no token',
    fix: loggedIn
      ? `Accept its terms at ${page} with the account of the token; its owners may have to agree.`
      : `Accept its terms at ${page}, then set HF_TOKEN to a token of your account.`,
  });
}

function noRepository({ operation, kind, loggedIn }: Asked): InputError {
  return new InputError({
    code: 'missing',
    operation,
    expected: `a ${kind} of that name`,
    received: loggedIn ? 'none that the token may see' : 'none that is public',
    fix: loggedIn
      ? 'Check the name; if it is right, it is private to others, and the token has no right to it.'
      : 'Check the name; if it is right, it is private: set HF_TOKEN to a token that may see it.',
  });
}

function noRevision({ operation, kind, revision, page }: Asked): InputError {
  return new InputError({
    code: 'missing',
    operation,
    expected: `a ${kind} with the revision ${JSON.stringify(revision)}`,
    received: 'one without it',
    fix: `It was deleted or never was: see ${page}/commits/main.`,
  });
}

function badToken({ operation, endpoint }: Asked): InputError {
  return new InputError({
    code: 'access',
    operation,
    expected: 'a token that the Hub knows',
    received: 'one that it refuses',
    fix: `Make a new one at ${endpoint}/settings/tokens and set HF_TOKEN, or unset it for what is public.`,
  });
}

/** Seconds, or a date. @returns ms */
function retryAfter(headers: Headers): number | undefined {
  const given = headers.get('Retry-After');
  if (given === null) return undefined;
  const wait = /^\d+$/.test(given) ? Number(given) * 1000 : Date.parse(given) - Date.now();
  return Number.isFinite(wait) ? Math.max(0, wait) : undefined;
}
