import { z } from 'zod';

/** Files of a repository of a Hub, pinned: enough to fetch the same bytes again, and to know them. Goes into runs. */
export const hubOriginSchema = z.object({
  /** URL of the Hub. */
  endpoint: z.string(),
  type: z.enum(['model', 'dataset']),
  /** `owner/name`. */
  repository: z.string(),
  /** As it was asked for: a branch, a tag or a commit. */
  revision: z.string(),
  /** What the revision was then. */
  commit: z.string().regex(/^[0-9a-f]{40}$/, 'a commit in hexadecimal'),
  /** Those that were used, sorted by path. */
  files: z.array(
    z.object({
      path: z.string(),
      /** In bytes. */
      size: z.int().nonnegative(),
      sha256: z.string().regex(/^[0-9a-f]{64}$/, 'a sha256 in hexadecimal'),
    }),
  ),
});
export type HubOrigin = z.output<typeof hubOriginSchema>;
