import { connect, type Socket } from 'node:net';
import { createFrameDecoder, encodeFrame } from '../../src/formats/mllp.ts';

/** One answer: an HTTP response, or an MLLP acknowledgement, whose status is then 0. */
export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** A connection that is kept open, with one exchange at a time. */
export interface Connection {
  send(bytes: Uint8Array): Promise<Answer>;
  close(): void;
}

/**
 * HTTP/1.1 on a bare socket, for answers with a Content-Length. The client of node:http costs more than the floors'
 * servers do, and a load generator that is slower than what it measures makes every server look the same.
 */
export function openHttp(port: number): Promise<Connection> {
  return openConnection(port, () => {
    let received: Buffer = Buffer.alloc(0);
    return (chunk) => {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
      const end = received.indexOf('\r\n\r\n');
      if (end === -1) return undefined;
      const head = received.toString('latin1', 0, end);
      const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
      if (length === undefined) throw new Error('an answer has no Content-Length');
      const from = end + 4;
      const to = from + Number(length);
      if (received.length < to) return undefined;
      const body = received.toString('utf8', from, to);
      received = received.subarray(to);
      return { status: Number(head.slice(9, 12)), body };
    };
  });
}

export async function openMllp(port: number): Promise<Connection> {
  const connection = await openConnection(port, () => {
    const decoder = createFrameDecoder(1_000_000);
    return (chunk) => {
      const [event] = decoder.push(chunk);
      if (event === undefined) return undefined;
      if (event.kind !== 'frame') throw new Error('an acknowledgement is no MLLP frame');
      return { status: 0, body: Buffer.from(event.bytes).toString('utf8') };
    };
  });
  return { ...connection, send: (bytes) => connection.send(encodeFrame(bytes)) };
}

function openConnection(port: number, createReader: () => (chunk: Buffer) => Answer | undefined): Promise<Connection> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const read = createReader();
    let waiting: { settle: (answer: Answer) => void; fail: (fault: unknown) => void } | undefined;
    const end = (fault: unknown): void => {
      reject(fault);
      waiting?.fail(fault);
      waiting = undefined;
    };
    socket.on('data', (chunk: Buffer) => {
      try {
        const answer = read(chunk);
        if (answer === undefined) return;
        const { settle } = waiting ?? { settle: () => {} };
        waiting = undefined;
        settle(answer);
      } catch (fault) {
        end(fault);
      }
    });
    socket.on('error', end);
    socket.on('close', () => end(new Error('the server closed the connection')));
    socket.on('connect', () => {
      resolve({
        send: (bytes) =>
          new Promise((settle, fail) => {
            waiting = { settle, fail };
            socket.write(bytes);
          }),
        close: () => socket.destroy(),
      });
    });
  });
}

/** The bytes of one request. */
export function httpRequest(
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  body?: string,
): Uint8Array {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  if (body !== undefined) lines.push(`Content-Length: ${Buffer.byteLength(body)}\r\n`);
  return Buffer.from(`${method} ${path} HTTP/1.1\r\nHost: localhost\r\n${lines.join('')}\r\n${body ?? ''}`);
}
