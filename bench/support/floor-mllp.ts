import { createServer } from 'node:net';
import { createFrameDecoder, encodeFrame } from '../../src/formats/mllp.ts';

/** A bare MLLP receiver: `write` for each message, then AA with its control id. Resolves with the port. */
export function listenBareMllp(write: (message: string) => void): Promise<number> {
  const server = createServer({ noDelay: true }, (socket) => {
    const decoder = createFrameDecoder(1_000_000);
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      for (const event of decoder.push(chunk)) {
        if (event.kind !== 'frame') throw new Error('not a frame');
        const message = Buffer.from(event.bytes).toString('latin1');
        write(message);
        const controlId = message.split('|', 10)[9];
        socket.write(encodeFrame(Buffer.from(`MSH|^~\\&|F|F|PAS|RWJ|||ACK|1|P|2.4\rMSA|AA|${controlId}\r`)));
      }
    });
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
}
