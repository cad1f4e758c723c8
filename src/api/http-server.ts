import { createServer, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { toOperationOutcome } from '../fhir/outcome.ts';
import { type IssueCode, issue } from '../kernel/errors.ts';
import { LIMITS } from '../kernel/limits.ts';

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

/** The HTTP listener: bounds on time and connections, and an OperationOutcome for what is not even a request. */
export function createHttpServer(limits: { readonly [name in keyof HttpServerLimits]: number } = LIMITS): Server {
  const server = createServer({
    headersTimeout: limits.httpHeadersTimeoutMs,
    requestTimeout: limits.httpRequestTimeoutMs,
    // Node looks every 30 seconds unless told, which would make ten seconds forty.
    connectionsCheckingInterval: limits.httpTimeoutsCheckMs,
  });
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
