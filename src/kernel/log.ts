import winston from 'winston';

/**
 * What a log line may carry. The list is closed on purpose: ids, names from the configuration, codes, counts and
 * times. There is no field that could hold a value from a message, so no patient value can reach a log line.
 */
export interface LogFields {
  readonly correlationId?: string | undefined;
  readonly messageId?: string | undefined;
  readonly deliveryId?: string | undefined;
  readonly requestId?: string | undefined;
  readonly partner?: string | undefined;
  readonly channel?: string | undefined;
  readonly client?: string | undefined;
  readonly route?: string | undefined;
  readonly mapping?: string | undefined;
  readonly interaction?: string | undefined;
  readonly resourceType?: string | undefined;
  readonly state?: string | undefined;
  readonly status?: number | undefined;
  readonly attempt?: number | undefined;
  readonly count?: number | undefined;
  readonly durationMs?: number | undefined;
  readonly delayMs?: number | undefined;
  readonly port?: number | undefined;
  readonly address?: string | undefined;
  /** Codes of `kernel/errors.ts`. */
  readonly issueCodes?: readonly string[] | undefined;
  /** Name and code of an exception of ours, and the frames of its stack; never its message. */
  readonly fault?: string | undefined;
}

export interface Log {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

export interface LogOptions {
  readonly level: LogLevel;
  /** Readable lines instead of JSON. */
  readonly pretty: boolean;
  readonly stream?: NodeJS.WritableStream;
}

/** A winston log: one JSON object a line, or a readable line on a terminal. It writes to standard error. */
export function createLog(options: LogOptions): Log {
  const { combine, timestamp, json, printf } = winston.format;
  const readable = printf(({ timestamp: at, level, message, ...fields }) => {
    const rest = Object.entries(fields)
      .map(([name, value]) => `${name}=${Array.isArray(value) ? value.join(',') : String(value)}`)
      .join(' ');
    return `${String(at).slice(11, 23)} ${level.padEnd(5)} ${String(message)} ${rest}`.trimEnd();
  });
  const logger = winston.createLogger({
    level: options.level === 'silent' ? 'error' : options.level,
    silent: options.level === 'silent',
    format: combine(timestamp(), options.pretty ? readable : json()),
    transports: [new winston.transports.Stream({ stream: options.stream ?? process.stderr })],
  });
  return {
    debug: (event, fields = {}) => void logger.debug(event, fields),
    info: (event, fields = {}) => void logger.info(event, fields),
    warn: (event, fields = {}) => void logger.warn(event, fields),
    error: (event, fields = {}) => void logger.error(event, fields),
  };
}

export const silentLog: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** Name, code and stack frames of an exception, without its message, which may quote what it choked on. */
export function describeFault(fault: unknown): string {
  if (!(fault instanceof Error)) return typeof fault;
  const code = (fault as NodeJS.ErrnoException).code;
  const frames = (fault.stack ?? '').split('\n').filter((line) => line.trimStart().startsWith('at '));
  return [
    `${fault.name}${code === undefined ? '' : ` ${code}`}`,
    ...frames.slice(0, 8).map((line) => line.trim()),
  ].join(' | ');
}
