import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readTar } from '../../src/formats/tar.ts';
import { LIMITS } from '../../src/kernel/limits.ts';
import { makeTar, type TarEntry } from '../support/make-tar.ts';

const text = (value: string): Uint8Array => Buffer.from(value);
const all = (): boolean => true;

describe('reading a tar archive', () => {
  it('finds every file with its content', () => {
    const name = fc.stringMatching(/^[a-z]{1,8}(\/[a-z.]{1,8}){0,3}$/);
    const entry = fc.record({ name, bytes: fc.uint8Array({ maxLength: 1_500 }) });
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 6 }), (entries) => {
        const read = readTar(makeTar(entries), all);
        expect(read.ok && read.value.map((one) => ({ name: one.name, bytes: Uint8Array.from(one.bytes) }))).toEqual(
          entries.map((one) => ({ name: one.name, bytes: one.bytes })),
        );
      }),
    );
  });

  it('takes the names that are too long for a header from the entry before it', () => {
    const long = `package/${'a'.repeat(150)}.json`;
    const pax = ` path=${long}\n`;
    const record = `${pax.length + 3}${pax}`;
    const read = readTar(
      makeTar([
        { name: 'x', kind: 'x', bytes: text(record) },
        { name: 'short', bytes: text('1') },
        { name: 'y', kind: 'L', bytes: text(`${long}2\0`) },
        { name: 'short', bytes: text('2') },
        { name: 'package/', kind: '5', bytes: text('') },
      ]),
      all,
    );
    expect(read.ok && read.value.map((one) => one.name)).toEqual([long, `${long}2`]);
  });

  it('keeps what is wanted alone', () => {
    const read = readTar(
      makeTar([
        { name: 'a', bytes: text('1') },
        { name: 'b', bytes: text('2') },
      ]),
      (name) => name === 'b',
    );
    expect(read.ok && read.value.map((one) => one.name)).toEqual(['b']);
  });

  it.each<[string, Uint8Array]>([
    ['a symbolic link', makeTar([{ name: 'a', kind: '2', bytes: text('') }])],
    ['a hard link', makeTar([{ name: 'a', kind: '1', bytes: text('') }])],
    ['a device', makeTar([{ name: 'a', kind: '3', bytes: text('') }])],
    ['nothing', new Uint8Array(0)],
    ['an end in the middle', makeTar([{ name: 'a', bytes: text('x'.repeat(2_000)) }]).subarray(0, 1_024)],
    ['a damaged header', Buffer.concat([Buffer.alloc(512, 65), Buffer.alloc(1_024)])],
    [
      'too many entries',
      makeTar(Array.from({ length: LIMITS.packageFilesMax + 1 }, (): TarEntry => ({ name: 'a', bytes: text('') }))),
    ],
  ])('refuses %s', (_what, archive) => {
    expect(readTar(archive, all)).toMatchObject({ ok: false, issues: [{ code: 'package-invalid' }] });
  });

  it('never throws, whatever it is given', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3_000 }), fc.nat(511), fc.nat(255), (bytes, at, value) => {
        const archive = Buffer.concat([makeTar([{ name: 'a', bytes }])]);
        archive[at] = value;
        expect(() => readTar(archive, all)).not.toThrow();
      }),
    );
  });
});
