import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readDay } from '../../src/demo/day.ts';
import { GinnelError } from '../../src/kernel/errors.ts';

const SAMPLES = resolve(import.meta.dirname, '../../examples/stockport-together/samples');

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ginnel-day-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('the day', () => {
  it('of the example names only files that are there, and every file that is there', async () => {
    const day = await readDay(SAMPLES);
    const named = [...new Set(day.map(({ file }) => file))].sort();
    expect(named).toEqual((await readdir(SAMPLES)).filter((file) => /^\d\d-/.test(file)).sort());
  });

  it.each([
    ['a map', 'file: x', 'list of samples'],
    [
      'a sample without a partner',
      '- { file: a, channel: c, transport: http, says: s, expect: accepted }',
      'no partner',
    ],
    [
      'another transport',
      '- { file: a, partner: p, channel: c, transport: post, says: s, expect: accepted }',
      'transport',
    ],
    ['another expectation', '- { file: a, partner: p, channel: c, transport: http, says: s, expect: ok }', 'expect'],
  ])('refuses %s and says what is wrong', async (_, text, reason) => {
    await writeFile(join(folder, 'day.yaml'), text);
    await expect(readDay(folder)).rejects.toThrow(GinnelError);
    await expect(readDay(folder)).rejects.toThrow(reason);
  });

  it('says which file is missing', async () => {
    await expect(readDay(folder)).rejects.toThrow('day.yaml');
    await expect(readDay(folder)).rejects.toThrow(GinnelError);
  });
});
