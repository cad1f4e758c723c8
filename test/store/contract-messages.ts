import { describe, expect, it } from 'vitest';
import { issue } from '../../src/kernel/errors.ts';
import type { Subject } from './contract.ts';
import { commitOf, sampleAudit, sampleMessage, sampleWrite } from './support/samples.ts';

export function describeMessageContract(subject: Subject): void {
  describe('messages', () => {
    it('gives a message back as it was given, by id and by key, and its body apart', async () => {
      const { store } = subject();
      const given = sampleMessage('m1', {
        state: 'refused',
        controlId: 'MSG00001',
        body: new Uint8Array([0, 255, 13, 10, 128]),
        answer: {
          messageId: 'm1',
          state: 'refused',
          created: ['ServiceRequest/r1/_history/1'],
          updated: [],
          routed: [{ route: 'all', partner: 'district-nurses' }],
          issues: [issue('json-syntax', 'A comma is missing.', { at: '$.needs', line: 3, column: 7 })],
        },
      });
      await store.commit(commitOf({ message: given }));
      const { body, ...rest } = given;
      expect(await store.message('m1')).toEqual({ ...rest, runs: 1 });
      expect(await store.messageByKey('key of m1')).toEqual({ ...rest, runs: 1 });
      expect(new Uint8Array((await store.messageBody('m1')) ?? [])).toEqual(body);
      expect(await store.messageByKey('key of m2')).toBeUndefined();
    });

    it('refuses a second message with the same key, and all that came with it', async () => {
      const { store } = subject();
      await store.commit(commitOf({ message: sampleMessage('m1') }));
      const again = commitOf({
        message: sampleMessage('m2', { key: 'key of m1' }),
        writes: [sampleWrite('r1')],
        audit: [sampleAudit('a1')],
      });
      expect(await store.commit(again)).toEqual({ ok: false, conflict: 'message' });
      expect(await store.message('m2')).toBeUndefined();
      expect(await store.read('ServiceRequest', 'r1')).toBeUndefined();
      expect(await store.audit()).toEqual([]);
    });

    it('replaces what was made of a message that is processed again, and counts the runs', async () => {
      const { store } = subject();
      await store.commit(commitOf({ message: sampleMessage('m1', { state: 'refused' }) }));
      const { body, ...later } = sampleMessage('m1', { mappingVersion: '2' });
      for (const runs of [2, 3]) {
        expect(await store.commit(commitOf({ reprocessed: later, writes: [] }))).toEqual({ ok: true });
        expect(await store.message('m1')).toEqual({ ...later, runs });
      }
      expect(new Uint8Array((await store.messageBody('m1')) ?? [])).toEqual(body);
      expect(await store.counts()).toMatchObject({ messagesAccepted: 1, messagesRefused: 0 });
    });

    it('will not process again a message that it does not have', async () => {
      const { store } = subject();
      const { body: _body, ...unknown } = sampleMessage('m1');
      const commit = commitOf({ reprocessed: unknown, writes: [sampleWrite('r1')] });
      await expect(store.commit(commit)).rejects.toMatchObject({ issues: [{ code: 'internal-error' }] });
      expect(await store.read('ServiceRequest', 'r1')).toBeUndefined();
    });

    it('lists messages newest first, by partner and state, up to the limit', async () => {
      const { store } = subject();
      for (let n = 0; n < 6; n += 1) {
        const partner = n % 2 === 0 ? 'north-surgery' : 'south-surgery';
        const state = n < 3 ? 'refused' : 'accepted';
        await store.commit(commitOf({ message: sampleMessage(`m${n}`, { partner, state }) }));
      }
      const ids = async (filter?: Parameters<typeof store.messages>[0]) =>
        (await store.messages(filter)).map(({ id }) => id);
      expect(await ids()).toEqual(['m5', 'm4', 'm3', 'm2', 'm1', 'm0']);
      expect(await ids({ limit: 2 })).toEqual(['m5', 'm4']);
      expect(await ids({ partner: 'south-surgery' })).toEqual(['m5', 'm3', 'm1']);
      expect(await ids({ state: 'refused' })).toEqual(['m2', 'm1', 'm0']);
      expect(await ids({ partner: 'north-surgery', state: 'accepted' })).toEqual(['m4']);
      expect(await store.counts()).toMatchObject({ messagesAccepted: 3, messagesRefused: 3 });
    });
  });
}
