/** What a command may touch of the world around it, so that commands can be tested as functions. */
export interface Io {
  readonly env: NodeJS.ProcessEnv;
  /** Standard output: results. */
  out(text: string): void;
  /** Standard error: progress and problems. */
  err(text: string): void;
}
