import { describe, expect, test } from 'vitest';
import { CASE_CONTEXT } from '../../src/mapping/cases.ts';
import { createEnvironment } from '../../src/mapping/environment.ts';
import { FrameLayout } from '../../src/mapping/frame.ts';
import { NAMES_WRITTEN_OUT, numberOfName, setNamed } from '../../src/mapping/set-named.ts';

describe('members by number', () => {
  test.each(NAMES_WRITTEN_OUT)('%s is written under its own name', (name) => {
    const target = {};
    setNamed(target, numberOfName(name), name, 7);
    expect(target).toEqual({ [name]: 7 });
  });

  test('any other name is written as well', () => {
    const target = {};
    setNamed(target, numberOfName('toString'), 'toString', 7);
    expect(Object.entries(target)).toEqual([['toString', 7]]);
  });
});

describe('the frame of a run', () => {
  const filled = (root: unknown, ...names: string[]): unknown => {
    const layout = new FrameLayout(['partner', 'messageId']);
    const slot = layout.pathSlot(names);
    expect(layout.pathSlot([...names])).toBe(slot);
    const env = createEnvironment(CASE_CONTEXT, new Map(), [], undefined, undefined);
    layout.fill()(root, env);
    return env.frame?.[slot];
  };

  test('holds what stands at a path, and the list that is met on the way to it', () => {
    expect(filled({ a: { b: 1 } }, 'a', 'b')).toBe(1);
    expect(filled({ a: [{ b: 1 }] }, 'a', 'b')).toEqual([{ b: 1 }]);
    expect(filled({ a: 'x' }, 'a', 'b')).toBeUndefined();
    expect(filled(undefined, 'a')).toBeUndefined();
  });
});
