import { describe, expect, it } from 'vitest';
import type { CommitResult } from '../../src/store/store.ts';
import type { Subject } from './contract.ts';
import { commitOf, sampleAudit, sampleDelivery, sampleMessage, sampleWrite, token } from './support/samples.ts';

const nhsNumber = { system: 'https://fhir.nhs.uk/Id/nhs-number', value: '9990000018' };

export function describeCommitContract(subject: Subject): void {
  describe('commit', () => {
    it('applies everything in a commit', async () => {
      const { store } = subject();
      const result = await store.commit(
        commitOf({
          message: sampleMessage('m1'),
          writes: [sampleWrite('r1', { messageId: 'm1' }), sampleWrite('p1', { type: 'Patient', patient: 'p1' })],
          deliveries: [sampleDelivery('d1', { messageId: 'm1' })],
          audit: [sampleAudit('a1')],
        }),
      );
      expect(result).toEqual({ ok: true });
      expect(await store.read('ServiceRequest', 'r1')).toMatchObject({ version: 1, deleted: false, patient: null });
      expect(await store.read('Patient', 'p1')).toMatchObject({ version: 1, patient: 'p1' });
      expect(await store.counts()).toEqual({
        messagesAccepted: 1,
        messagesRefused: 0,
        deliveriesPending: 1,
        deliveriesDelivered: 0,
        deliveriesDead: 0,
        deliveriesSkipped: 0,
        resources: 2,
      });
      expect(await store.audit()).toHaveLength(1);
    });

    it('applies nothing of a commit whose last part conflicts', async () => {
      const { store } = subject();
      await store.commit(commitOf({ writes: [sampleWrite('r2')] }));
      const result = await store.commit(
        commitOf({
          message: sampleMessage('m1'),
          writes: [sampleWrite('r1', { index: [token('status', 'active')], claims: [nhsNumber] }), sampleWrite('r2')],
          deliveries: [sampleDelivery('d1')],
          audit: [sampleAudit('a1')],
        }),
      );
      expect(result).toEqual({ ok: false, conflict: 'version' });
      expect(await store.read('ServiceRequest', 'r1')).toBeUndefined();
      expect(await store.findByIdentifier('ServiceRequest', nhsNumber)).toEqual([]);
      expect(await store.message('m1')).toBeUndefined();
      expect(await store.messageBody('m1')).toBeUndefined();
      expect(await store.delivery('d1')).toBeUndefined();
      expect(await store.nextDeliveryAt()).toBeUndefined();
      expect(await store.audit()).toEqual([]);
    });

    it('refuses a version that exists, one that leaves a gap, and a first version of what was deleted', async () => {
      const { store } = subject();
      const write = (version: number, deleted = false) =>
        store.commit(commitOf({ writes: [sampleWrite('r1', { version, deleted })] }));
      const conflict = { ok: false, conflict: 'version' };
      expect(await write(2)).toEqual(conflict);
      expect(await write(1)).toEqual({ ok: true });
      expect(await write(1)).toEqual(conflict);
      expect(await write(3)).toEqual(conflict);
      expect(await write(2)).toEqual({ ok: true });
      expect(await write(2)).toEqual(conflict);
      expect(await write(3, true)).toEqual({ ok: true });
      expect(await write(1)).toEqual(conflict);
      expect(await write(3)).toEqual(conflict);
      expect(await write(4)).toEqual({ ok: true });
      expect((await store.history('ServiceRequest', 'r1')).map(({ version }) => version)).toEqual([4, 3, 2, 1]);
    });

    it('takes two versions of a resource in one commit, in order, and indexes the last', async () => {
      const { store } = subject();
      const first = sampleWrite('r1', { index: [token('status', 'draft')] });
      const second = sampleWrite('r1', { version: 2, index: [token('status', 'active')] });
      expect(await store.commit(commitOf({ writes: [first, second] }))).toEqual({ ok: true });
      const find = async (code: string) =>
        (
          await store.search({
            type: 'ServiceRequest',
            filters: [{ kind: 'token', param: 'status', not: false, values: [{ code }] }],
            count: 10,
            sort: [],
            total: false,
          })
        ).matches.map(({ version }) => version);
      expect(await find('draft')).toEqual([]);
      expect(await find('active')).toEqual([2]);
    });

    it('lets one resource of a type hold an identifier, and hold it again in its next version', async () => {
      const { store } = subject();
      const claim = (id: string, version: number, more = {}) =>
        store.commit(commitOf({ writes: [sampleWrite(id, { version, claims: [nhsNumber, nhsNumber], ...more })] }));
      expect(await claim('r1', 1)).toEqual({ ok: true });
      expect(await claim('r2', 1)).toEqual({ ok: false, conflict: 'identifier' });
      expect(await store.read('ServiceRequest', 'r2')).toBeUndefined();
      expect(await claim('r1', 2)).toEqual({ ok: true });
      expect(await claim('p1', 1, { type: 'Patient' })).toEqual({ ok: true });
      expect(await store.findByIdentifier('ServiceRequest', nhsNumber)).toEqual(['r1']);
    });

    it('frees an identifier with the version that no longer claims it, and with deletion', async () => {
      const { store } = subject();
      const write = (id: string, version: number, claims: (typeof nhsNumber)[], deleted = false) =>
        sampleWrite(id, { version, claims, deleted });
      await store.commit(commitOf({ writes: [write('r1', 1, [nhsNumber])] }));
      const handOver = commitOf({ writes: [write('r2', 1, [nhsNumber]), write('r1', 2, [])] });
      expect(await store.commit(handOver)).toEqual({ ok: true });
      expect(await store.findByIdentifier('ServiceRequest', nhsNumber)).toEqual(['r2']);
      await store.commit(commitOf({ writes: [write('r2', 2, [nhsNumber], true)] }));
      expect(await store.findByIdentifier('ServiceRequest', nhsNumber)).toEqual([]);
      expect(await store.commit(commitOf({ writes: [write('r3', 1, [nhsNumber])] }))).toEqual({ ok: true });
    });

    it('lets exactly one of fifty conditional creates of the same identifier through', async () => {
      const { store, second } = subject();
      const other = await second();
      const results = await Promise.all(
        Array.from({ length: 50 }, (_, n) =>
          (n % 2 === 0 ? store : other).commit(commitOf({ writes: [sampleWrite(`r${n}`, { claims: [nhsNumber] })] })),
        ),
      );
      expect(results.filter(({ ok }) => ok)).toHaveLength(1);
      expect(results.filter((result) => !result.ok && result.conflict === 'identifier')).toHaveLength(49);
      expect(await store.findByIdentifier('ServiceRequest', nhsNumber)).toEqual([
        `r${results.findIndex(({ ok }) => ok)}`,
      ]);
      expect((await store.counts()).resources).toBe(1);
    });

    it('gives each of two hundred concurrent commits its own result', async () => {
      const { store } = subject();
      await store.commit(commitOf({ message: sampleMessage('known'), writes: [sampleWrite('taken')] }));
      await store.commit(commitOf({ writes: [sampleWrite('holder', { claims: [nhsNumber] })] }));
      const kinds = ['fine', 'version', 'identifier', 'message', 'broken'] as const;
      const outcomes = await Promise.allSettled(
        Array.from({ length: 200 }, (_, n) => {
          const write = sampleWrite(`r${n}`, { index: [token('status', 'active')] });
          switch (kinds[n % kinds.length]) {
            case 'version':
              return store.commit(commitOf({ writes: [write, sampleWrite('taken')] }));
            case 'identifier':
              return store.commit(commitOf({ writes: [{ ...write, claims: [nhsNumber] }] }));
            case 'message':
              return store.commit(
                commitOf({ message: sampleMessage(`m${n}`, { key: 'key of known' }), writes: [write] }),
              );
            case 'broken':
              // The same audit event twice is a fault of ours, not a conflict.
              return store.commit(commitOf({ writes: [write], audit: [sampleAudit(`a${n}`), sampleAudit(`a${n}`)] }));
            default:
              return store.commit(commitOf({ writes: [write], audit: [sampleAudit(`a${n}`)] }));
          }
        }),
      );
      for (const [n, outcome] of outcomes.entries()) {
        const kind = kinds[n % kinds.length];
        const stored = await store.read('ServiceRequest', `r${n}`);
        if (kind === 'broken') {
          expect(outcome).toMatchObject({ status: 'rejected', reason: { issues: [{ code: 'internal-error' }] } });
        } else {
          const expected: CommitResult =
            kind === 'fine' || kind === undefined ? { ok: true } : { ok: false, conflict: kind };
          expect(outcome).toEqual({ status: 'fulfilled', value: expected });
        }
        expect(stored !== undefined).toBe(kind === 'fine');
      }
      expect(await store.audit({ limit: 500 })).toHaveLength(40);
    });

    it('keeps everything over a restart', async () => {
      const { store, reopen } = subject();
      const write = sampleWrite('r1', { index: [token('status', 'active')], claims: [nhsNumber] });
      await store.commit(
        commitOf({
          message: sampleMessage('m1'),
          writes: [write],
          deliveries: [sampleDelivery('d1')],
          audit: [sampleAudit('a1')],
        }),
      );
      const before = {
        resource: await store.read('ServiceRequest', 'r1'),
        message: await store.message('m1'),
        delivery: await store.delivery('d1'),
        audit: await store.audit(),
        counts: await store.counts(),
        due: await store.nextDeliveryAt(),
      };
      const again = await reopen();
      expect({
        resource: await again.read('ServiceRequest', 'r1'),
        message: await again.message('m1'),
        delivery: await again.delivery('d1'),
        audit: await again.audit(),
        counts: await again.counts(),
        due: await again.nextDeliveryAt(),
      }).toEqual(before);
      expect(await again.findByIdentifier('ServiceRequest', nhsNumber)).toEqual(['r1']);
    });
  });
}
