import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { TlsOptions } from 'node:tls';
import { toOperationOutcome } from '../fhir/outcome.ts';
import { GinnelError, type IssueCode, issue } from '../kernel/errors.ts';
import { LIMITS } from '../kernel/limits.ts';
import { FHIR_JSON } from './middleware/negotiate.ts';

export type HttpServerLimits = Pick<
  typeof LIMITS,
  'httpHeadersTimeoutMs' | 'httpRequestTimeoutMs' | 'httpTimeoutsCheckMs' | 'httpConnectionsMax'
>;

interface Refusal {
  readonly status: string;
  readonly code: IssueCode;
  readonly text: string;
}

/** What Node's parser gives up on, before there is a request to speak of. */
const REFUSALS: Readonly<Record<string, Refusal>> = {
  HPE_HEADER_OVERFLOW: {
    status: '431 Request Header Fields Too Large',
    code: 'url-invalid',
    text: 'The address or the headers are too long; use POST _search.',
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: '408 Request Timeout',
    code: 'request-timeout',
    text: 'The request did not arrive in time. Send it again.',
  },
};
const UNREADABLE: Refusal = { status: '400 Bad Request', code: 'request-unreadable', text: 'This is not HTTP/1.1.' };

/**
 * The HTTP listener: bounds on time and connections, and an OperationOutcome for what is not even a request. With
 * `secure`, over TLS; a client certificate is then asked for where there is an authority to judge it, and it is for the
 * doors to say who needs one.
 */
export function createHttpServer(
  limits: { readonly [name in keyof HttpServerLimits]: number } = LIMITS,
  secure?: TlsOptions,
): Server {
  const settings: ServerOptions = {
    headersTimeout: limits.httpHeadersTimeoutMs,
    requestTimeout: limits.httpRequestTimeoutMs,
    // Node looks every 30 seconds unless told, which would make ten seconds forty.
    connectionsCheckingInterval: limits.httpTimeoutsCheckMs,
  };
  const asks = { requestCert: secure?.ca !== undefined, rejectUnauthorized: false };
  const server: Server =
    secure === undefined ? createServer(settings) : createSecureServer({ ...settings, ...secure, ...asks });
  server.maxConnections = limits.httpConnectionsMax;
  server.on('clientError', (fault: NodeJS.ErrnoException, stream) => {
    const socket = stream as Socket & { readonly _httpMessage?: ServerResponse };
    // Once an answer has begun, more bytes would be taken for a part of it.
    if (!socket.writable || fault.code === 'ECONNRESET' || socket._httpMessage?.headersSent === true) {
      socket.destroy();
      return;
    }
    const { status, code, text } = REFUSALS[fault.code ?? ''] ?? UNREADABLE;
    const body = JSON.stringify(toOperationOutcome([issue(code, text)]));
    socket.end(
      `HTTP/1.1 ${status}\r\nContent-Type: application/fhir+json; charset=utf-8\r\n` +
        `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
    );
  });
  return server;
}

/** Until the doors are open: the port is taken, and the answer is "not yet". */
export function answerNotYet(_request: IncomingMessage, response: ServerResponse): void {
  const outcome = toOperationOutcome([issue('store-unavailable', 'The gateway is starting. Try again in a moment.')]);
  response
    .writeHead(503, { 'Retry-After': '1', Connection: 'close', 'Content-Type': FHIR_JSON })
    .end(JSON.stringify(outcome));
}

/** Takes the port; resolves with the real one where 0 was asked for. Rejects with a `GinnelError` that says what to do. */
export function listenHttp(server: Server, { host, port }: { host: string; port: number }): Promise<number> {
  return new Promise((settle, reject) => {
    server.once('error', (fault: NodeJS.ErrnoException) => {
      reject(cannotListen(fault, { host, port }, 'PORT'));
    });
    server.listen(port, host, () => settle((server.address() as AddressInfo).port));
  });
}

/** Why a door could not be opened, in the words of the setting that moves it. */
export function cannotListen(
  fault: NodeJS.ErrnoException,
  { host, port }: { readonly host: string; readonly port: number },
  variable: string,
): GinnelError {
  const text =
    fault.code === 'EADDRINUSE'
      ? `Port ${port} is taken by another process. Set ${variable} to a free one, or stop the other.`
      : `Cannot listen on ${host}:${port} (${fault.code ?? fault.name}).`;
  return new GinnelError([issue('config-invalid', text)], { cause: fault });
}

/** Takes no more requests and resolves when those in hand are answered; by force after `shutdownMs`. */
export function closeHttp(server: Server): Promise<void> {
  return new Promise((settle) => {
    const force = setTimeout(() => server.closeAllConnections(), LIMITS.shutdownMs);
    // A connection whose last answer has gone out is idle, and would be kept open for a next request.
    const idle = setInterval(() => server.closeIdleConnections(), LIMITS.shutdownCheckMs);
    server.close(() => {
      clearTimeout(force);
      clearInterval(idle);
      settle();
    });
    server.closeIdleConnections();
  });
}
