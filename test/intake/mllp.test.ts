import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { buildAcknowledgement, readHeader } from '../../src/formats/hl7v2/acknowledge.ts';
import { createFrameDecoder, encodeFrame } from '../../src/formats/mllp.ts';
import { listenMllp, type MllpListener, type MllpListenerOptions } from '../../src/intake/mllp.ts';
import { sendMllp } from '../../src/intake/mllp-client.ts';
import { issue } from '../../src/kernel/errors.ts';
import { silentLog } from '../../src/kernel/log.ts';

const open: { close(): unknown }[] = [];

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

async function listen(options: Partial<MllpListenerOptions> = {}): Promise<MllpListener> {
  const listener = await listenMllp({ host: '127.0.0.1', port: 0, log: silentLog, answer: accept, ...options });
  open.push(listener);
  return listener;
}

async function accept(frame: Uint8Array): Promise<Uint8Array> {
  const now = new Date('2026-03-01T09:00:00Z');
  return buildAcknowledgement({ header: readHeader(frame), code: 'AA', controlId: 'G', issues: [], now });
}

function message(controlId: string | number, note = ''): Buffer {
  return Buffer.from(`MSH|^~\\&|PAS|RXX|GINNEL|NBH|20260301||ADT^A01|${controlId}|P|2.4\rNTE|1||${note}\r`);
}

/** A sender that keeps its connection: writes bytes as they are, and collects the acknowledgements. */
interface Sender {
  readonly socket: Socket;
  readonly answers: string[];
  readonly closed: Promise<void>;
  answered(count: number): Promise<string[]>;
}

async function dial(port: number): Promise<Sender> {
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
  const decoder = createFrameDecoder(1_000_000);
  const answers: string[] = [];
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    for (const event of decoder.push(chunk)) {
      answers.push(event.kind === 'frame' ? msaOf(event.bytes) : event.issue.code);
    }
  });
  const closed = new Promise<void>((resolve) => {
    socket.once('end', () => {
      socket.end();
      resolve();
    });
    socket.once('close', () => resolve());
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  open.push({ close: () => socket.destroy() });
  return {
    socket,
    answers,
    closed,
    async answered(count) {
      for (let waited = 0; answers.length < count && waited < 5_000; waited += 5) await sleep(5);
      return answers;
    },
  };
}

/** `AA 7`: code and control id of an acknowledgement, and our code of its first problem. */
function msaOf(bytes: Uint8Array): string {
  const segments = Buffer.from(bytes).toString('latin1').split('\r');
  const [, code, controlId] = (segments.find((line) => line.startsWith('MSA')) ?? '').split('|');
  const problem = (segments.find((line) => line.startsWith('ERR')) ?? '').split('|')[5];
  return [code, controlId, problem].filter((part) => part !== undefined).join(' ');
}

describe('the MLLP listener', () => {
  it('answers a message that comes whole, and one that comes byte by byte', async () => {
    const { port } = await listen();
    expect(msaOf(await sendMllp('127.0.0.1', port, message(1), 2_000))).toBe('AA 1');
    const sender = await dial(port);
    for (const byte of encodeFrame(message(2))) {
      sender.socket.write(Uint8Array.of(byte));
      await sleep(1);
    }
    expect(await sender.answered(1)).toEqual(['AA 2']);
  });

  it('hands over the very bytes and the peer', async () => {
    const seen: { frame: Buffer; address: string }[] = [];
    const { port } = await listen({
      answer: (frame, peer) => {
        seen.push({ frame: Buffer.from(frame), address: peer.address });
        return accept(frame);
      },
    });
    const bytes = Buffer.concat([message(1), Buffer.from([0xe9, 0x00, 0xff, 0x0d])]);
    await sendMllp('127.0.0.1', port, bytes, 2_000);
    expect(seen).toEqual([{ frame: bytes, address: '127.0.0.1' }]);
  });

  it('answers pipelined messages in their order, one at a time, however long each takes', async () => {
    let running = 0;
    let most = 0;
    const { port } = await listen({
      answer: async (frame) => {
        running += 1;
        most = Math.max(most, running);
        await sleep(Number(readHeader(frame)?.controlId) % 3 === 0 ? 15 : 0);
        running -= 1;
        return accept(frame);
      },
    });
    const sender = await dial(port);
    const ids = Array.from({ length: 20 }, (_, index) => index);
    sender.socket.write(Buffer.concat(ids.map((id) => encodeFrame(message(id)))));
    expect(await sender.answered(20)).toEqual(ids.map((id) => `AA ${id}`));
    expect(most).toBe(1);
  });

  it('does not make one connection wait for another', async () => {
    const gate = Promise.withResolvers<void>();
    const { port } = await listen({
      answer: async (frame) => {
        if (readHeader(frame)?.controlId === 'slow') await gate.promise;
        return accept(frame);
      },
    });
    const slow = await dial(port);
    slow.socket.write(encodeFrame(message('slow')));
    expect(msaOf(await sendMllp('127.0.0.1', port, message('quick'), 2_000))).toBe('AA quick');
    expect(slow.answers).toEqual([]);
    gate.resolve();
    expect(await slow.answered(1)).toEqual(['AA slow']);
  });

  it('answers AE, and goes on, when an answer cannot be made', async () => {
    const { port } = await listen({
      answer: async (frame) => {
        if (readHeader(frame)?.controlId === '1') throw new Error('Ann Hall 9990000018');
        return accept(frame);
      },
    });
    const sender = await dial(port);
    sender.socket.write(Buffer.concat([encodeFrame(message(1)), encodeFrame(message(2))]));
    expect(await sender.answered(2)).toEqual(['AE 1 internal-error', 'AA 2']);
  });

  it('answers what came before garbage, then AR, then closes', async () => {
    const { port } = await listen();
    const sender = await dial(port);
    sender.socket.write(
      Buffer.concat([encodeFrame(message(1)), Buffer.from('GET / HTTP/1.1\r\n'), encodeFrame(message(2))]),
    );
    await sender.closed;
    expect(sender.answers).toEqual(['AA 1', 'AR  mllp-frame']);
  });

  it('answers AR to a frame of 6 MB and closes, without keeping it', async () => {
    const { port } = await listen();
    const sender = await dial(port);
    sender.socket.write(Buffer.concat([Buffer.from([0x0b]), message(1, 'x'.repeat(6 * 1024 * 1024))]));
    await sender.closed;
    expect(sender.answers).toEqual(['AR  body-too-large']);
    expect(msaOf(await sendMllp('127.0.0.1', port, message(2, 'x'.repeat(1024 * 1024)), 5_000))).toBe('AA 2');
  });

  it('answers a sender that closes its side after the last message', async () => {
    const { port } = await listen();
    const sender = await dial(port);
    sender.socket.end(Buffer.concat([encodeFrame(message(1)), encodeFrame(message(2))]));
    await sender.closed;
    expect(sender.answers).toEqual(['AA 1', 'AA 2']);
  });

  it('answers AR to a frame that the connection ends within', async () => {
    const { port } = await listen();
    const sender = await dial(port);
    sender.socket.end(encodeFrame(message(1)).subarray(0, -2));
    await sender.closed;
    expect(sender.answers).toEqual(['AR  mllp-frame']);
  });

  it('reads no further while too many messages wait', async () => {
    const gate = Promise.withResolvers<void>();
    const { port } = await listen({
      limits: { mllpFramesPendingMax: 4 },
      answer: async (frame) => {
        await gate.promise;
        return accept(frame);
      },
    });
    const sender = await dial(port);
    const note = 'x'.repeat(200_000);
    const frames = Array.from({ length: 150 }, (_, index) => encodeFrame(message(index, note)));
    for (const frame of frames) sender.socket.write(frame);
    await sleep(300);
    // 30 MB were sent; what neither side's kernel holds is still with the sender.
    expect(sender.socket.writableLength).toBeGreaterThan(10_000_000);
    gate.resolve();
    expect(await sender.answered(150)).toEqual(frames.map((_, index) => `AA ${index}`));
  });

  it('drops a connection above the cap, and a silent one', async () => {
    const { port } = await listen({ limits: { mllpConnectionsMax: 1, mllpIdleMs: 150 } });
    const first = await dial(port);
    first.socket.write(encodeFrame(message(1)));
    expect(await first.answered(1)).toEqual(['AA 1']);
    await expect(sendMllp('127.0.0.1', port, message(2), 2_000)).rejects.toThrow(/delivery-unreachable/);
    await first.closed;
    await sleep(20);
    expect(msaOf(await sendMllp('127.0.0.1', port, message(3), 2_000))).toBe('AA 3');
  });

  it('does not take a sender that waits for its answer for a silent one', async () => {
    const { port } = await listen({
      limits: { mllpIdleMs: 50 },
      answer: async (frame) => {
        await sleep(250);
        return accept(frame);
      },
    });
    expect(msaOf(await sendMllp('127.0.0.1', port, message(1), 2_000))).toBe('AA 1');
  });

  it('finishes the messages in hand when it closes, and takes no more', async () => {
    let done = 0;
    const listener = await listen({
      answer: async (frame) => {
        await sleep(30);
        done += 1;
        return accept(frame);
      },
    });
    const sender = await dial(listener.port);
    sender.socket.write(Buffer.concat([1, 2, 3].map((id) => encodeFrame(message(id)))));
    const idle = await dial(listener.port);
    await sleep(20);
    await listener.close();
    expect(done).toBe(3);
    expect(await sender.answered(3)).toEqual(['AA 1', 'AA 2', 'AA 3']);
    await Promise.all([sender.closed, idle.closed]);
    await expect(sendMllp('127.0.0.1', listener.port, message(4), 500)).rejects.toThrow(/delivery-unreachable/);
  });

  it('waits for an answer in hand although its sender has gone', async () => {
    let done = false;
    const listener = await listen({
      answer: async (frame) => {
        await sleep(80);
        done = true;
        return accept(frame);
      },
    });
    const sender = await dial(listener.port);
    sender.socket.write(encodeFrame(message(1)));
    await sleep(20);
    sender.socket.destroy();
    await sleep(10);
    await listener.close();
    expect(done).toBe(true);
  });

  it('closes by force when an answer never comes', async () => {
    const listener = await listen({ limits: { shutdownMs: 50 }, answer: () => new Promise(() => {}) });
    const sender = await dial(listener.port);
    sender.socket.write(encodeFrame(message(1)));
    await sleep(20);
    await listener.close();
    await sender.closed;
    expect(sender.answers).toEqual([]);
  });

  it('says that a port is taken', async () => {
    const { port } = await listen();
    await expect(listen({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});

describe('sendMllp', () => {
  it('gives up after its time', async () => {
    const { port } = await listen({ answer: () => sleep(300).then(() => accept(message(1))) });
    await expect(sendMllp('127.0.0.1', port, message(1), 50)).rejects.toThrow(/delivery-timeout/);
  });

  it('gives back an acknowledgement that refuses, as it is', async () => {
    const { port } = await listen({
      answer: async (frame) =>
        buildAcknowledgement({
          header: readHeader(frame),
          code: 'AE',
          controlId: 'G',
          issues: [issue('value-required', 'x')],
          now: new Date(),
        }),
    });
    expect(msaOf(await sendMllp('127.0.0.1', port, message(9), 2_000))).toBe('AE 9 value-required');
  });
});
