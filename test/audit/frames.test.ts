import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildAuditEvent, createAuditBuilder } from '../../src/audit/event.ts';
import type { AccessAudit, RestInteraction } from '../../src/audit/input.ts';
import { fillFrame, frameId } from '../../src/store/sql/audit-frame.ts';
import { flattenAudit, hashEntry } from '../../src/store/sql/plan-audit.ts';
import type { NewAudit } from '../../src/store/store.ts';

const gateway = { baseUrl: 'https://ginnel.example', partners: new Map() };

/** Names with all that could be taken for a hole, a quote or the end of a line. */
const name = fc.string({ unit: fc.constantFrom('a', 'B', '"', '\\', '\n', '\u{1F}', '\u{0}', '|', 'é'), maxLength: 6 });
const id = fc.constantFrom('p1', 'p2', 'p3');
const access: fc.Arbitrary<AccessAudit> = fc.record({
  kind: fc.constant('access' as const),
  recorded: fc.date({ min: new Date(0), max: new Date('2200-01-01'), noInvalidDate: true }),
  correlationId: fc.constantFrom('c1', 'c2'),
  address: fc.constantFrom(undefined, '192.0.2.7', '192.0.2.8'),
  interaction: fc.constantFrom<RestInteraction[]>('read', 'search', 'create', 'delete', 'operation', 'transaction'),
  client: name,
  partner: name,
  tokenId: fc.option(name, { nil: undefined }),
  person: fc.option(fc.record({ identifier: fc.record({ system: name, value: name }), name }), { nil: undefined }),
  purpose: fc.constantFrom(undefined, 'TREAT' as const, 'BTG' as const),
  types: fc.constantFrom(['CarePlan'], ['Task', 'Patient']),
  patients: fc.uniqueArray(id, { maxLength: 3 }),
  resources: fc.array(
    id.map((one) => `CarePlan/${one}`),
    { maxLength: 3 },
  ),
  queryNames: fc.constantFrom([], ['status'], ['status', '_count']),
});

const told = (audit: NewAudit): unknown[] =>
  flattenAudit([audit]).map(({ content, patient, facts }) => [{ ...JSON.parse(content), id: 'new' }, patient, facts]);

describe('the frames of access events', () => {
  it('an event is the same whatever was told before it', () => {
    fc.assert(
      fc.property(fc.array(access, { minLength: 1, maxLength: 12 }), (inputs) => {
        const build = createAuditBuilder(gateway);
        for (const input of [...inputs, ...inputs]) {
          expect(told(build(input))).toEqual(told(buildAuditEvent(input, gateway)));
        }
      }),
    );
  });

  it('the event holds what was told, and each patient of it', () => {
    fc.assert(
      fc.property(access, (input) => {
        const audit = buildAuditEvent(input, gateway);
        const events = flattenAudit([audit]).map(({ content }) => JSON.parse(content));
        expect(events.length).toBe(Math.max(1, input.patients.length));
        for (const [at, event] of events.entries()) {
          expect(event.recorded).toBe(input.recorded.toISOString());
          expect(event.agent[0].who.identifier.value).toBe(input.client);
          const token = input.tokenId === undefined ? undefined : [`https://ginnel.example/id/token/${input.tokenId}`];
          expect(event.agent[0].policy).toEqual(token);
          const about: { what?: { reference?: string } }[] = event.entity;
          const references = about.flatMap(({ what }) => what?.reference ?? []);
          const patient = input.patients[at];
          expect(references).toEqual([
            ...(patient === undefined ? [] : [`Patient/${patient}`]),
            ...(input.interaction === 'search' ? [] : input.resources),
          ]);
          expect(event.entity.at(-1).what.identifier.value).toBe(input.correlationId);
        }
      }),
    );
  });

  it('accesses that differ in token, time, patient and resource share one', () => {
    const build = createAuditBuilder(gateway);
    const [one] = fc.sample(access, { seed: 1, numRuns: 1 });
    const basis = { ...(one as AccessAudit), interaction: 'read' as const, queryNames: [], person: undefined };
    const frames = ['p1', 'p2'].map((patient) => {
      const input = { ...basis, client: 'ward', tokenId: `t-${patient}`, patients: [patient], correlationId: patient };
      return build({ ...input, recorded: new Date(), resources: [`Task/${patient}`] }).framed?.frame;
    });
    expect(frames[0]?.id).toBe(frameId(frames[0]?.text ?? ''));
    expect(frames[1]).toEqual(frames[0]);
  });

  it('neither what fills it nor the frame can be exchanged without another hash', () => {
    const audit = buildAuditEvent({ ...(fc.sample(access, { seed: 7, numRuns: 1 })[0] as AccessAudit) }, gateway);
    const { framed } = audit;
    if (framed === undefined) throw new Error('an access has a frame');
    const { id: key, recorded, patient, facts } = audit;
    const entry = { id: key, recorded, patient, facts, content: fillFrame(framed, audit), framed };
    const hash = hashEntry('', 1, 1, entry);
    const { framed: _framed, ...whole } = entry;
    expect(hashEntry('', 1, 1, whole)).not.toBe(hash);
    expect(hashEntry('', 1, 1, { ...whole, content: `${framed.frame.id}\n${framed.fills}` })).not.toBe(hash);
    expect(hashEntry('', 1, 1, { ...entry, framed: { ...framed, fills: `${framed.fills}x` } })).not.toBe(hash);
    const other = { id: frameId('other'), text: 'other' };
    expect(hashEntry('', 1, 1, { ...entry, framed: { ...framed, frame: other } })).not.toBe(hash);
  });
});
