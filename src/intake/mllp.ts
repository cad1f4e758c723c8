import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { buildAcknowledgement, readHeader } from '../formats/hl7v2/acknowledge.ts';
import { createFrameDecoder, encodeFrame, type FrameEvent } from '../formats/mllp.ts';
import { type Clock, systemClock } from '../kernel/clock.ts';
import { type Issue, issue } from '../kernel/errors.ts';
import { newId } from '../kernel/ids.ts';
import { LIMITS } from '../kernel/limits.ts';
import { describeFault, type Log } from '../kernel/log.ts';
import { certificateSubject } from './certificate-subject.ts';

export interface MllpPeer {
  readonly address: string;
  readonly port: number;
  /** Subject of its client certificate, where it had to show one. */
  readonly certificate?: string | undefined;
}

export interface MllpListenerOptions {
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  /** Keys and certificates for TLS; without them the connection is plain. */
  readonly secure?: TlsOptions | undefined;
  readonly log: Log;
  /** Gives the acknowledgement of one message, without framing. One that throws is answered AE. */
  readonly answer: (frame: Uint8Array, peer: MllpPeer) => Promise<Uint8Array>;
  readonly limits?: Partial<MllpLimits> | undefined;
  readonly clock?: Clock | undefined;
}

export interface MllpLimits {
  readonly bodyBytesMax: number;
  readonly mllpConnectionsMax: number;
  readonly mllpIdleMs: number;
  readonly mllpHandshakeMs: number;
  /** Frames of one connection that wait for their turn before no more are read. */
  readonly mllpFramesPendingMax: number;
  readonly shutdownMs: number;
}

export interface MllpListener {
  readonly port: number;
  /** Takes no more connections or bytes, answers the frames in hand, ends, and resolves; by force after `shutdownMs`. */
  close(): Promise<void>;
}

/** How long we go on reading what a closed peer still sends, so that our last answer is not lost to a reset. */
const LINGER_MS = 1_000;

/**
 * MLLP over TCP. The frames of a connection are answered one after another, in their order; connections do not wait
 * for each other. Where framing is lost the peer gets AR and the connection ends, for nothing after it can be trusted.
 */
export async function listenMllp(options: MllpListenerOptions): Promise<MllpListener> {
  const limits: MllpLimits = { ...LIMITS, ...options.limits };
  const { log } = options;
  const connections = new Set<Connection>();
  const server = openServer(options, limits, (socket) => {
    const connection = serveConnection(socket, options, limits);
    connections.add(connection);
    void connection.closed.then(() => connections.delete(connection));
  });
  server.maxConnections = limits.mllpConnectionsMax;
  server.on('drop', (peer) => log.warn('mllp-connection-dropped', { address: peer?.remoteAddress }));

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => {
      server.removeListener('error', reject);
      server.on('error', (fault) => log.error('mllp-listener-failed', { fault: describeFault(fault) }));
      resolve();
    });
  });
  const bound = server.address();
  return {
    port: typeof bound === 'object' && bound !== null ? bound.port : options.port,
    async close() {
      const stopped = new Promise<void>((resolve) => server.close(() => resolve()));
      const finished = Promise.all([stopped, ...[...connections].map(({ closed }) => closed)]);
      for (const connection of connections) connection.finish();
      let force: NodeJS.Timeout | undefined;
      const forced = new Promise<void>((resolve) => {
        force = setTimeout(() => {
          log.warn('mllp-close-forced', { count: connections.size });
          for (const connection of connections) connection.destroy();
          resolve();
        }, limits.shutdownMs);
      });
      await Promise.race([finished, forced]);
      clearTimeout(force);
    },
  };
}

/**
 * Over TLS a connection counts from its handshake on, which must be over in `mllpHandshakeMs`: with a certificate that
 * our client authority signed, where one is configured.
 */
function openServer({ secure, log }: MllpListenerOptions, limits: MllpLimits, serve: (socket: Socket) => void): Server {
  const settings = { allowHalfOpen: true, noDelay: true };
  if (secure === undefined) return createServer(settings, serve);
  const server = createTlsServer({ ...settings, ...secure, handshakeTimeout: limits.mllpHandshakeMs }, serve);
  server.on('tlsClientError', (fault, socket) => {
    log.warn('mllp-handshake-refused', { address: socket.remoteAddress, fault: codeOf(fault) });
    socket.destroy();
  });
  return server;
}

/** The code of a handshake's failure; its message may quote the certificate. */
function codeOf(fault: NodeJS.ErrnoException): string {
  return /^[A-Z0-9_]{1,60}$/.test(fault.code ?? '') ? String(fault.code) : 'no code';
}

interface Connection {
  /** Resolves when the socket is gone and no frame is in hand. */
  readonly closed: Promise<void>;
  finish(): void;
  destroy(): void;
}

function serveConnection(socket: Socket, options: MllpListenerOptions, limits: MllpLimits): Connection {
  const { log, answer } = options;
  const peer: MllpPeer = {
    address: socket.remoteAddress ?? '',
    port: socket.remotePort ?? 0,
    certificate: certificateSubject(socket),
  };
  const decoder = createFrameDecoder(limits.bodyBytesMax);
  const frames: Uint8Array[] = [];
  let framesBytes = 0;
  /** No more is read: what is in hand is answered, then a fault if there is one, then the connection ends. */
  let last = false;
  let fault: Issue | undefined;
  let answering = false;
  const { promise: closed, resolve: resolveClosed } = Promise.withResolvers<void>();

  const acknowledge = (frame: Uint8Array, code: 'AE' | 'AR', problem: Issue): Uint8Array =>
    buildAcknowledgement({
      header: readHeader(frame),
      code,
      controlId: newId(),
      issues: [problem],
      now: (options.clock ?? systemClock).now(),
    });

  const answerFrame = async (frame: Uint8Array): Promise<Uint8Array> => {
    try {
      return encodeFrame(await answer(frame, peer));
    } catch (thrown) {
      log.error('mllp-answer-failed', { address: peer.address, fault: describeFault(thrown) });
      const problem = issue('internal-error', 'The message could not be processed; send it again.');
      return encodeFrame(acknowledge(frame, 'AE', problem));
    }
  };

  const answerFrames = async (): Promise<void> => {
    if (answering) return;
    answering = true;
    for (let frame = frames.shift(); frame !== undefined; frame = frames.shift()) {
      framesBytes -= frame.length;
      const bytes = await answerFrame(frame);
      await write(socket, bytes);
      if (!last && hasRoom()) socket.resume();
    }
    if (last) {
      if (fault !== undefined) await write(socket, encodeFrame(acknowledge(new Uint8Array(0), 'AR', fault)));
      endGently(socket);
    }
    answering = false;
    if (socket.closed) resolveClosed();
  };

  const hasRoom = (): boolean => frames.length < limits.mllpFramesPendingMax && framesBytes < limits.bodyBytesMax;

  const take = (events: readonly FrameEvent[]): void => {
    for (const event of events) {
      if (event.kind === 'frame') {
        frames.push(event.bytes);
        framesBytes += event.bytes.length;
      } else {
        fault = event.issue;
        last = true;
        log.warn('mllp-frame-refused', { address: peer.address, issueCodes: [event.issue.code] });
      }
    }
    if (!hasRoom()) socket.pause();
    void answerFrames();
  };

  const finish = (): void => {
    if (last) return;
    last = true;
    socket.pause();
    void answerFrames();
  };

  socket.setTimeout(limits.mllpIdleMs);
  socket.on('timeout', () => {
    // A peer that is owed an answer waits for us; one that does not read its answers, or is silent, has gone.
    if (answering && socket.writableLength === 0) return;
    log.info('mllp-idle', { address: peer.address });
    socket.destroy();
  });
  socket.on('data', (chunk) => {
    if (!last) take(decoder.push(chunk));
  });
  socket.on('end', () => {
    if (last) return;
    take(decoder.end());
    finish();
  });
  socket.on('error', (thrown) =>
    log.info('mllp-connection-failed', { address: peer.address, fault: describeFault(thrown) }),
  );
  log.info('mllp-connected', { address: peer.address });

  socket.once('close', () => {
    last = true;
    if (!answering) resolveClosed();
  });
  return { closed, finish, destroy: () => socket.destroy() };
}

/** Writes, and waits while the peer does not read. A socket that is gone takes the bytes without a word. */
async function write(socket: Socket, bytes: Uint8Array): Promise<void> {
  if (socket.destroyed || !socket.writable || socket.write(bytes)) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.once('drain', resolve).once('close', resolve);
  await promise;
  socket.removeListener('drain', resolve).removeListener('close', resolve);
}

function endGently(socket: Socket): void {
  if (socket.destroyed) return;
  socket.end();
  socket.resume();
  const linger = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(linger));
}
