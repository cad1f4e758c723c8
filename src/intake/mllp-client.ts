import { connect } from 'node:net';
import { createFrameDecoder, encodeFrame } from '../formats/mllp.ts';
import { GinnelError, refuse } from '../kernel/errors.ts';
import { LIMITS } from '../kernel/limits.ts';

/** Sends one message over a connection of its own and gives back the acknowledgement. Rejects with a `GinnelError`. */
export function sendMllp(host: string, port: number, message: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const frame = encodeFrame(message);
    const decoder = createFrameDecoder(LIMITS.deliveryAnswerBytesMax);
    const socket = connect({ host, port, noDelay: true }, () => socket.write(frame));
    const settle = (outcome: Uint8Array | GinnelError): void => {
      clearTimeout(timer);
      socket.destroy();
      if (outcome instanceof GinnelError) reject(outcome);
      else resolve(outcome);
    };
    const timer = setTimeout(() => {
      settle(refuse('delivery-timeout', `The receiver gave no answer within ${timeoutMs} ms.`));
    }, timeoutMs);
    socket.on('data', (chunk) => {
      const [event] = decoder.push(chunk);
      if (event !== undefined) settle(event.kind === 'frame' ? event.bytes : new GinnelError([event.issue]));
    });
    socket.on('error', () => settle(refuse('delivery-unreachable', 'The connection could not be made, or broke.')));
    socket.on('close', () => settle(refuse('delivery-unreachable', 'The receiver closed the connection unanswered.')));
  });
}
