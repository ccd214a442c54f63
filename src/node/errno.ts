/** The system's name for what went wrong (`ENOENT`, `ENOSPC`, …), where a thrown value carries one. */
export function errnoOf(thrown: unknown): string | undefined {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : undefined;
}
