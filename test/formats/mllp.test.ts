import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFrameDecoder, encodeFrame, type FrameEvent } from '../../src/formats/mllp.ts';
import { bytesOf } from './read.ts';

/** Frames as text, faults as their code. */
function wordsOf(events: readonly FrameEvent[]): string[] {
  return events.map((event) =>
    event.kind === 'frame' ? Buffer.from(event.bytes).toString() : `fault ${event.issue.code}`,
  );
}

function decode(text: string, frameBytesMax = 100): string[] {
  const decoder = createFrameDecoder(frameBytesMax);
  return wordsOf([...decoder.push(bytesOf(text)), ...decoder.end()]);
}

describe('MLLP frames', () => {
  it('are put together again however they were cut', () => {
    const message = fc
      .uint8Array({ maxLength: 40 })
      .map((bytes) => bytes.filter((byte) => byte !== 0x1c && byte !== 0x0b));
    fc.assert(
      fc.property(fc.array(message, { maxLength: 6 }), fc.array(fc.nat(300), { maxLength: 20 }), (messages, cuts) => {
        const stream = Buffer.concat(messages.map(encodeFrame));
        const decoder = createFrameDecoder(40);
        const events: FrameEvent[] = [];
        let from = 0;
        for (const cut of [...cuts.sort((a, b) => a - b), stream.length]) {
          events.push(...decoder.push(stream.subarray(from, cut)));
          from = Math.max(from, Math.min(cut, stream.length));
        }
        events.push(...decoder.end());
        expect(events.map((event) => event.kind === 'frame' && [...event.bytes])).toEqual(
          messages.map((one) => [...one]),
        );
      }),
      { numRuns: 500 },
    );
  });

  it('may lack the CR after FS and stand apart by line ends', () => {
    expect(decode('\u000bone\u001c\u000btwo\u001c\r\r\n\u000bthree\u001c\r\n')).toEqual(['one', 'two', 'three']);
    expect(decode('\u000b\u001c\r')).toEqual(['']);
  });

  it('are lost from the first byte outside them, and nothing after it is taken', () => {
    expect(decode('\u000bone\u001c\rx\u000btwo\u001c\r')).toEqual(['one', 'fault mllp-frame']);
    expect(decode('GET / HTTP/1.1\r\n')).toEqual(['fault mllp-frame']);
  });

  it('are refused above the bound, and taken at it', () => {
    expect(decode(`\u000b${'x'.repeat(100)}\u001c\r`)).toEqual(['x'.repeat(100)]);
    expect(decode(`\u000b${'x'.repeat(101)}\u001c\r`)).toEqual(['fault body-too-large']);
    const decoder = createFrameDecoder(100);
    const events = Array.from({ length: 300 }, () => decoder.push(bytesOf('\u000b'))).flat();
    expect(wordsOf(events)).toEqual(['fault body-too-large']);
  });

  it('are refused when cut short by the end or by the next message', () => {
    expect(decode('\u000bMSH|1')).toEqual(['fault mllp-frame']);
    expect(decode('\u000bMSH|1\rPID|1\u000bMSH|2\r\u001c\r')).toEqual(['fault mllp-frame']);
    expect(decode('\u000bMSH|a vertical\u000btab\u001c\r')).toEqual(['MSH|a vertical\u000btab']);
  });

  it('are never made of a message that holds the end byte', () => {
    expect(() => encodeFrame(bytesOf('a\u001cb'))).toThrow(/mllp-frame/);
  });
});
