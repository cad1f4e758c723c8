import type { Resource } from '@medplum/fhirtypes';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDeliverySender } from '../../src/delivery/send-delivery.ts';
import { LIMITS } from '../../src/kernel/limits.ts';
import { success } from '../../src/kernel/result.ts';
import type { StoredDelivery } from '../../src/store/store.ts';
import {
  type Outbox,
  openOutbox,
  putDelivery,
  putResource,
  senderParts,
  startPartner,
  TELLING,
  type TestPartner,
  type WorkerOptions,
} from './outbox.ts';

let outbox: Outbox;
let council: TestPartner;
beforeEach(async () => {
  outbox = await openOutbox();
  council = await startPartner(() => 200);
});
afterEach(async () => {
  await council.close();
  await outbox.close();
});

async function send(delivery: StoredDelivery | undefined, options: WorkerOptions = {}) {
  if (delivery === undefined) throw new Error('no such delivery');
  const attempt = createDeliverySender(senderParts(outbox, council.url, options));
  return attempt(delivery, new AbortController().signal);
}

/** Sends a delivery of this resource, which is stored first. */
async function sendResource(resource: Resource, options: WorkerOptions = {}) {
  await putResource(outbox, resource);
  const stored = await outbox.store.delivery(await putDelivery(outbox));
  if (stored === undefined) throw new Error('no such delivery');
  const { resourceType, id = '' } = resource;
  return send({ ...stored, resourceType, resourceId: id, resourceVersion: 1 }, options);
}

describe('one delivery', () => {
  it('says who it is in its headers, the same on every attempt', async () => {
    const delivery = await outbox.store.delivery(await putDelivery(outbox));
    expect(await send(delivery)).toEqual({ kind: 'delivered', status: 200 });
    await send(delivery);
    for (const { headers } of council.requests) {
      expect(headers['x-ginnel-delivery-id']).toBe(delivery?.id);
      expect(headers['idempotency-key']).toBe(delivery?.id);
      expect(headers['x-correlation-id']).toBe(delivery?.correlationId);
      expect(headers['content-type']).toBe('application/json');
    }
    expect(council.requests).toHaveLength(2);
  });

  it('says the same on every attempt: its present is when the delivery was written', async () => {
    const delivery = await outbox.store.delivery(await putDelivery(outbox));
    await send(delivery);
    outbox.clock.advance(3_600_000);
    await send(delivery);
    expect(council.requests[1]?.body).toBe(council.requests[0]?.body);
    expect(JSON.parse(council.requests[0]?.body ?? '')).toMatchObject({ to: 'council', at: delivery?.createdAt });
  });

  it('gives the mapping what the resource refers to, three references deep and no further', async () => {
    await putResource(outbox, { resourceType: 'Organization', id: 'o3' });
    await putResource(outbox, { resourceType: 'Organization', id: 'o2', partOf: { reference: 'Organization/o3' } });
    await putResource(outbox, { resourceType: 'Organization', id: 'o1', partOf: { reference: 'Organization/o2' } });
    await putResource(outbox, { resourceType: 'Practitioner', id: 'd1' });
    await putResource(outbox, {
      resourceType: 'Patient',
      id: 'p1',
      managingOrganization: { reference: 'Organization/o1' },
      generalPractitioner: [{ reference: 'Practitioner/d1/_history/1' }],
    });
    await sendResource({
      resourceType: 'ServiceRequest',
      id: 's1',
      status: 'active',
      intent: 'order',
      subject: { reference: 'Patient/p1' },
      requester: { reference: '#inside' },
      performer: [
        { reference: 'https://elsewhere.example/fhir/Practitioner/d1' },
        { reference: 'Practitioner/unknown' },
        { reference: '../../etc/passwd' },
      ],
    });
    expect(JSON.parse(council.requests[0]?.body ?? '')).toMatchObject({
      focus: 'ServiceRequest/s1',
      resources: ['ServiceRequest/s1', 'Patient/p1', 'Organization/o1', 'Practitioner/d1', 'Organization/o2'],
    });
  });

  it('follows references in a circle once', async () => {
    await putResource(outbox, {
      resourceType: 'Patient',
      id: 'p1',
      link: [{ type: 'seealso', other: { reference: 'Patient/p2' } }],
    });
    await putResource(outbox, {
      resourceType: 'Patient',
      id: 'p2',
      link: [{ type: 'seealso', other: { reference: 'Patient/p1' } }],
    });
    await sendResource({ resourceType: 'Basic', id: 'b1', code: {}, subject: { reference: 'Patient/p1' } });
    expect(JSON.parse(council.requests[0]?.body ?? '').resources).toEqual(['Basic/b1', 'Patient/p1', 'Patient/p2']);
  });

  it('is dead when the resource refers to more than a delivery may gather, rather than sent in part', async () => {
    const member = Array.from({ length: LIMITS.deliveryResourcesMax + 1 }, (_, at) => ({
      entity: { reference: `Patient/p${at}` },
    }));
    const end = await sendResource({ resourceType: 'Group', id: 'g1', type: 'person', actual: true, member });
    expect(end).toMatchObject({ kind: 'dead', issues: [{ code: 'mapping-limit' }] });
    expect(council.ids).toEqual([]);
  });

  it('is dead when the store has not the version, or the version is a deletion', async () => {
    const stored = await outbox.store.delivery(await putDelivery(outbox));
    if (stored === undefined) throw new Error('no such delivery');
    const later = await send({ ...stored, resourceVersion: 2 });
    expect(later).toMatchObject({ kind: 'dead', issues: [{ code: 'resource-not-found' }] });
    const deletion = {
      type: 'ServiceRequest',
      id: stored.resourceId,
      version: 2,
      deleted: true,
      content: '',
      patient: null,
    };
    await outbox.store.commit({
      writes: [
        { ...deletion, lastUpdated: stored.createdAt, index: [], claims: [], organisations: [], messageId: null },
      ],
      deliveries: [],
      audit: [],
    });
    expect(await send({ ...stored, resourceVersion: 2 })).toMatchObject({
      kind: 'dead',
      issues: [{ code: 'resource-gone' }],
    });
    expect(council.ids).toEqual([]);
  });

  it('is dead when the result cannot be printed in the channel’s format, or is too large to send', async () => {
    const output = { format: 'csv', options: {}, mediaType: 'text/csv' } as const;
    const unprintable = { ...TELLING, output, run: () => success({ tree: 'no table' }) };
    const stored = await outbox.store.delivery(await putDelivery(outbox));
    expect(await send(stored, { mapping: unprintable })).toMatchObject({ kind: 'dead', status: null });
    const huge = { ...TELLING, run: () => success({ tree: { text: 'x'.repeat(LIMITS.bodyBytesMax) } }) };
    expect(await send(stored, { mapping: huge })).toMatchObject({ kind: 'dead', issues: [{ code: 'body-too-large' }] });
    expect(council.ids).toEqual([]);
  });

  it('is dead when its mapping is not loaded', async () => {
    const stored = await outbox.store.delivery(await putDelivery(outbox));
    const end = await send(stored, { channel: { mapping: 'test/other' } });
    expect(end).toMatchObject({ kind: 'dead', issues: [{ code: 'mapping-missing-file' }] });
  });
});
