import { type Issue, issue, refuse } from '../kernel/errors.ts';

/** MLLP framing (HL7 Transport Specification: MLLP, release 1): VT, the message, FS, CR. */
const VT = 0x0b;
const FS = 0x1c;
const CR = 0x0d;
const LF = 0x0a;
const NEW_MESSAGE = Buffer.from([VT, 0x4d, 0x53, 0x48]);

export type FrameEvent =
  | { readonly kind: 'frame'; readonly bytes: Uint8Array }
  /** Framing is lost: what follows can no longer be told apart, and the decoder takes nothing more. */
  | { readonly kind: 'fault'; readonly issue: Issue };

export interface FrameDecoder {
  /** Takes the next bytes of a connection and returns the frames that they complete. */
  push(chunk: Uint8Array): FrameEvent[];
  /** The connection's end: a frame that is still open is a fault. */
  end(): FrameEvent[];
}

export function encodeFrame(message: Uint8Array): Uint8Array {
  // Printing escapes control characters, so this can only be a message that was not printed by us.
  if (message.includes(FS)) throw refuse('mllp-frame', 'A message that holds the byte 1C cannot be framed.');
  const frame = new Uint8Array(message.length + 3);
  frame[0] = VT;
  frame.set(message, 1);
  frame[message.length + 1] = FS;
  frame[message.length + 2] = CR;
  return frame;
}

/**
 * A decoder for one connection. Between frames it passes over line ends, so that a missing CR after FS, or a line feed
 * that a sender adds, does no harm; anything else there is a fault. `frameBytesMax` bounds what it keeps.
 */
export function createFrameDecoder(frameBytesMax: number): FrameDecoder {
  let state: 'outside' | 'inside' | 'lost' = 'outside';
  const kept = createByteBuffer(frameBytesMax);

  const lose = (code: 'mllp-frame' | 'body-too-large', text: string): FrameEvent => {
    state = 'lost';
    kept.take();
    return { kind: 'fault', issue: issue(code, text) };
  };
  const finishFrame = (): FrameEvent => {
    state = 'outside';
    const bytes = kept.take();
    // A sender that restarts within a frame would otherwise join two messages, and perhaps two patients.
    if (Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes(NEW_MESSAGE)) {
      return lose('mllp-frame', 'A frame begins within another; end each with the bytes 1C 0D.');
    }
    return { kind: 'frame', bytes };
  };

  return {
    push(chunk) {
      const events: FrameEvent[] = [];
      let at = 0;
      while (at < chunk.length && state !== 'lost') {
        if (state === 'outside') {
          const byte = chunk[at];
          at += 1;
          if (byte === VT) state = 'inside';
          else if (byte !== CR && byte !== LF) {
            events.push(lose('mllp-frame', 'Bytes stand outside a frame; begin each message with the byte 0B.'));
          }
          continue;
        }
        const end = chunk.indexOf(FS, at);
        if (!kept.append(chunk.subarray(at, end === -1 ? chunk.length : end))) {
          events.push(lose('body-too-large', `The message is larger than ${frameBytesMax} bytes.`));
          break;
        }
        if (end === -1) break;
        at = end + 1;
        events.push(finishFrame());
      }
      return events;
    },
    end() {
      if (state !== 'inside') return [];
      return [lose('mllp-frame', 'The connection ended within a frame; its message was not taken.')];
    },
  };
}

/** Bytes that arrive in pieces: one buffer that doubles, so that many small pieces cost no more than a large one. */
function createByteBuffer(bytesMax: number): { append(piece: Uint8Array): boolean; take(): Uint8Array } {
  let buffer = new Uint8Array(0);
  let length = 0;
  return {
    append(piece) {
      if (length + piece.length > bytesMax) return false;
      if (length + piece.length > buffer.length) {
        const larger = new Uint8Array(Math.min(bytesMax, Math.max(4096, buffer.length * 2, length + piece.length)));
        larger.set(buffer.subarray(0, length));
        buffer = larger;
      }
      buffer.set(piece, length);
      length += piece.length;
      return true;
    },
    take() {
      const taken = buffer.slice(0, length);
      if (buffer.length > 65_536) buffer = new Uint8Array(0);
      length = 0;
      return taken;
    },
  };
}
