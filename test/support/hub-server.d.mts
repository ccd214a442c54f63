/** What a request asked for. */
export interface HubRequest {
  /** `hub` itself, or the `cdn` that large files come from. */
  readonly origin: 'hub' | 'cdn';
  readonly method: string;
  /** Decoded, without its query. */
  readonly path: string;
  readonly range: string | undefined;
  readonly authorization: string | undefined;
}

/** What goes wrong with the answer to one request. */
export interface Fault {
  /** Answers with this instead. */
  readonly status?: number;
  /** For `X-Error-Code`, with `status`. */
  readonly code?: string;
  readonly message?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sends so many bytes of a file and closes the connection. */
  readonly cutAfter?: number;
  /** Sends so many bytes of a file and nothing more. */
  readonly stallAfter?: number;
  /** Changes one bit of a file. */
  readonly flip?: boolean;
  /** Sends so many bytes more, or less, than the file has, without telling a length. */
  readonly more?: number;
  readonly less?: number;
  /** Sends a file from its start, whatever range was asked for. */
  readonly ignoreRange?: boolean;
  /** Changes the listing of a repository. */
  readonly listing?: (entries: readonly TreeEntry[]) => readonly unknown[];
}

export interface TreeEntry {
  readonly type: 'file' | 'directory';
  readonly oid: string;
  readonly size: number;
  readonly path: string;
  readonly lfs?: { readonly oid: string; readonly size: number; readonly pointerSize: number };
}

export interface RepositoryOptions {
  readonly type?: 'model' | 'dataset';
  /** `owner/name`. */
  readonly id: string;
  /** Folder with the files. */
  readonly folder: string;
  /** The branch or tag that becomes this folder's commit; `main` by default. Earlier commits stay. */
  readonly revision?: string;
  /** Anyone sees what there is; only tokens that open it get files. */
  readonly gated?: boolean;
  readonly private?: boolean;
}

export interface HubServer extends AsyncDisposable {
  /** For `HF_ENDPOINT`. */
  readonly url: string;
  readonly cdnUrl: string;
  /** All requests so far, in order. */
  readonly requests: HubRequest[];
  /** Asked about every request; undefined where all goes well. */
  fault: ((request: HubRequest) => Fault | undefined) | undefined;
  /** @returns the commit that the folder became */
  add(repository: RepositoryOptions): Promise<string>;
  close(): Promise<void>;
}

/**
 * Starts a Hub on this machine.
 * @param options.tokens what repositories a token opens: `{ hf_secret: ['owner/name'] }`; other tokens are refused
 * @param options.pageSize entries of a listing that come together
 */
export function startHub(options?: {
  readonly tokens?: Readonly<Record<string, readonly string[]>>;
  readonly pageSize?: number;
}): Promise<HubServer>;
