import { describe, expect, it } from 'vitest';
import { createKeyedTurns } from '../../src/message/turns.ts';

describe('turns by keys', () => {
  /** Work that ends when it is told to, and says when it began. */
  function work(begun: string[], name: string): { run: () => Promise<string>; end: () => void } {
    let end = (): void => {};
    const ended = new Promise<void>((settle) => {
      end = settle;
    });
    const run = async (): Promise<string> => {
      begun.push(name);
      await ended;
      return name;
    };
    return { run, end };
  }
  const pause = (): Promise<void> => new Promise((settle) => setTimeout(settle, 1));

  it('of one key come one after the other, of different keys at once', async () => {
    const turns = createKeyedTurns();
    const begun: string[] = [];
    const [a, b, c] = ['a', 'b', 'c'].map((name) => work(begun, name));
    if (a === undefined || b === undefined || c === undefined) throw new Error('there are three');
    const all = Promise.all([turns(['x'], a.run), turns(['x'], b.run), turns(['y'], c.run)]);
    await pause();
    expect(begun).toEqual(['a', 'c']);
    a.end();
    await pause();
    expect(begun).toEqual(['a', 'c', 'b']);
    b.end();
    c.end();
    expect(await all).toEqual(['a', 'b', 'c']);
  });

  it('of several keys wait for all of them, and two that share theirs in another order do not block each other', async () => {
    const turns = createKeyedTurns();
    const begun: string[] = [];
    const [a, b, c] = ['a', 'b', 'c'].map((name) => work(begun, name));
    if (a === undefined || b === undefined || c === undefined) throw new Error('there are three');
    const all = Promise.all([turns(['x', 'y'], a.run), turns(['y', 'x'], b.run), turns(['z', 'y'], c.run)]);
    await pause();
    expect(begun).toEqual(['a']);
    a.end();
    await pause();
    expect(begun).toEqual(['a', 'b']);
    b.end();
    await pause();
    c.end();
    await all;
    expect(begun).toEqual(['a', 'b', 'c']);
  });

  it('go on when one ends badly, and tell who it was', async () => {
    const turns = createKeyedTurns();
    const bad = turns(['x'], async () => {
      throw new Error('bad');
    });
    const good = turns(['x'], async () => 'good');
    await expect(bad).rejects.toThrow('bad');
    expect(await good).toBe('good');
  });

  it('without keys wait for nothing', async () => {
    const turns = createKeyedTurns();
    expect(await Promise.all([turns([], async () => 1), turns([], async () => 2)])).toEqual([1, 2]);
  });
});
