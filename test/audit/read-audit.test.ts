import { describe, expect, it } from 'vitest';
import { createReadAudit } from '../../src/audit/read-audit.ts';
import { LIMITS } from '../../src/kernel/limits.ts';
import type { Commit, CommitResult, NewAudit } from '../../src/store/store.ts';

const event = (id: string): NewAudit => ({ id, recorded: '2026-03-02T09:00:00.000Z', content: '{}', patient: null });

/** A store that commits when it is told to. */
function createSlowStore() {
  const durable: string[] = [];
  const held: (() => void)[] = [];
  const state = { holds: false, fault: undefined as Error | undefined, commits: 0 };
  const commit = async (one: Commit): Promise<CommitResult> => {
    state.commits += 1;
    if (state.holds) await new Promise<void>((resolve) => held.push(resolve));
    if (state.fault !== undefined) throw state.fault;
    durable.push(...one.audit.map(({ id }) => id));
    return { ok: true };
  };
  const release = (): void => {
    for (const one of held.splice(0)) one();
  };
  return { state, durable, store: { commit }, release };
}

describe('The audit of reads, durable', () => {
  it('lets no answer leave before its event is durable', async () => {
    const { state, durable, store, release } = createSlowStore();
    const audit = createReadAudit({ store, mode: 'durable' });
    state.holds = true;
    let left = false;
    const recorded = audit.record(event('a')).then(() => {
      left = true;
    });
    await new Promise((settle) => setTimeout(settle, 20));
    expect([left, durable]).toEqual([false, []]);
    release();
    await recorded;
    expect([left, durable]).toEqual([true, ['a']]);
  });

  it('fails the read when the event cannot be kept', async () => {
    const { state, store } = createSlowStore();
    state.fault = new Error('the disk is full');
    await expect(createReadAudit({ store, mode: 'durable' }).record(event('a'))).rejects.toThrow('the disk is full');
  });
});

describe('The audit of reads, batched', () => {
  it('puts what comes together into one commit', async () => {
    const { state, durable, store } = createSlowStore();
    const audit = createReadAudit({ store, mode: 'batched' });
    await Promise.all(Array.from({ length: 20 }, (_, n) => audit.record(event(`e${n}`))));
    await audit.close();
    expect(durable).toEqual(Array.from({ length: 20 }, (_, n) => `e${n}`));
    expect(state.commits).toBe(1);
  });

  it('commits of itself, soon after the last event came', async () => {
    const { durable, store } = createSlowStore();
    const audit = createReadAudit({ store, mode: 'batched' });
    await audit.record(event('a'));
    await expect.poll(() => durable).toEqual(['a']);
    await audit.close();
  });

  it('lets what comes during a commit wait for the next in turn', async () => {
    const { state, durable, store, release } = createSlowStore();
    let now = 0;
    const audit = createReadAudit({ store, mode: 'batched', now: () => now });
    state.holds = true;
    await audit.record(event('first'));
    await expect.poll(() => state.commits).toBe(1);
    now += 10;
    for (let n = 0; n < 5; n += 1) await audit.record(event(`e${n}`));
    state.holds = false;
    release();
    await expect.poll(() => durable).toEqual(['first']);
    for (let n = 5; n < 10; n += 1) await audit.record(event(`e${n}`));
    expect(state.commits).toBe(1);
    await expect.poll(() => durable.length).toBe(11);
    expect([state.commits, durable.at(-1)]).toEqual([2, 'e9']);
    await audit.close();
  });

  it('writes all that waits in as few commits as one may hold', async () => {
    const { state, durable, store } = createSlowStore();
    const audit = createReadAudit({ store, mode: 'batched' });
    const count = LIMITS.auditBatchMax * 2 + 1;
    await Promise.all(Array.from({ length: count }, (_, n) => audit.record(event(`e${n}`))));
    await audit.close();
    expect(durable).toEqual(Array.from({ length: count }, (_, n) => `e${n}`));
    expect(state.commits).toBe(3);
  });

  it('lets no answer leave while an older event has waited as long as the bound says', async () => {
    const { state, durable, store, release } = createSlowStore();
    let now = 0;
    const audit = createReadAudit({ store, mode: 'batched', now: () => now });
    state.holds = true;
    await audit.record(event('a'));
    now += LIMITS.auditDelayMsMax;
    let left = false;
    const second = audit.record(event('b')).then(() => {
      left = true;
    });
    await new Promise((settle) => setTimeout(settle, 20));
    expect([left, durable]).toEqual([false, []]);
    state.holds = false;
    release();
    await second;
    expect(durable).toEqual(['a', 'b']);
    await audit.close();
  });

  it('lets no answer leave during a commit that takes as long as the bound says', async () => {
    const { state, durable, store, release } = createSlowStore();
    let now = 0;
    const audit = createReadAudit({ store, mode: 'batched', now: () => now });
    state.holds = true;
    await audit.record(event('a'));
    await expect.poll(() => state.commits).toBe(1);
    now += 40;
    await audit.record(event('b'));
    // From here on, `a` is older than may be.
    now += LIMITS.auditDelayMsMax;
    const left: string[] = [];
    const late = ['c', 'd'].map((id) => audit.record(event(id)).then(() => left.push(id)));
    release();
    await expect.poll(() => durable).toEqual(['a']);
    // What came during that commit is by now too old itself: its own commit is waited for.
    await expect.poll(() => state.commits).toBe(2);
    expect(left).toEqual([]);
    state.holds = false;
    release();
    await Promise.all(late);
    expect([left, durable]).toEqual([
      ['c', 'd'],
      ['a', 'b', 'c', 'd'],
    ]);
    await audit.close();
  });

  it('lets an answer leave when its own event is durable, whatever has come since', async () => {
    const { state, durable, store, release } = createSlowStore();
    let now = 0;
    const audit = createReadAudit({ store, mode: 'batched', now: () => now });
    state.holds = true;
    const left: string[] = [];
    const record = (id: string) => audit.record(event(id)).then(() => left.push(id));
    // Each commit takes longer than the bound, and during each another event comes.
    const all = [record('e0')];
    for (let n = 1; n <= 4; n += 1) {
      await expect.poll(() => state.commits).toBe(n);
      now += LIMITS.auditDelayMsMax;
      all.push(record(`e${n}`));
      release();
      await expect.poll(() => durable.length).toBe(n);
    }
    await expect.poll(() => left).toEqual(['e0', 'e1', 'e2', 'e3']);
    expect(durable).toEqual(['e0', 'e1', 'e2', 'e3']);
    state.holds = false;
    release();
    await Promise.all(all);
    expect(durable).toEqual(['e0', 'e1', 'e2', 'e3', 'e4']);
    await audit.close();
  });

  it('reads nothing while its events cannot be written, and loses none of them', async () => {
    const { state, durable, store } = createSlowStore();
    let now = 0;
    const audit = createReadAudit({ store, mode: 'batched', now: () => now });
    state.fault = new Error('no store');
    await audit.record(event('a'));
    now += LIMITS.auditDelayMsMax;
    await expect(audit.record(event('b'))).rejects.toThrow('no store');
    state.fault = undefined;
    await audit.record(event('c'));
    await audit.close();
    expect(durable).toEqual(['a', 'b', 'c']);
  });

  it('holds no more than its bound', async () => {
    const { state, store, release } = createSlowStore();
    const audit = createReadAudit({ store, mode: 'batched', now: () => 0 });
    state.holds = true;
    for (let n = 0; n < LIMITS.auditWaitingMax; n += 1) await audit.record(event(`e${n}`));
    await expect(audit.record(event('one more'))).rejects.toMatchObject({ issues: [{ code: 'store-unavailable' }] });
    state.holds = false;
    release();
    await audit.close();
  });
});
