import { describe, expect, it } from 'vitest';
import { runTest } from '../../src/cli/test.ts';
import { run } from './run-command.ts';
import { mappingsFolder } from './support.ts';

const IN = `mapping: 1
direction: in
input: { format: json }
entries:
  - name: p
    write: replace
    identifier: { system: urn:p, value: "{{ person.id }}" }
    resource: { resourceType: Patient, birthDate: "{{ person.born }}" }
  - name: r
    write: replace
    identifier: { system: urn:r, value: "{{ id }}" }
    resource:
      resourceType: ServiceRequest
      status: active
      intent: order
      subject: "{{ ref('p') }}"
      note:
        - "{% for n in notes %}": { text: "{{ %n }}" }
`;
const OUT = `mapping: 1
direction: out
output: { format: json }
input: { type: ServiceRequest }
body:
  id: "{{ identifier.value }}"
  person:
    id: "{{ subject.resolve().identifier.value }}"
    born: "{{ subject.resolve().birthDate }}"
  notes: "{[ note.text ]}"
`;
const MESSAGE = '{"id":"R1","person":{"id":"P1","born":"1941-05-03"},"notes":["a","b"]}';
const ROUTED = JSON.stringify({
  resourceType: 'Bundle',
  entry: [
    {
      resource: {
        resourceType: 'ServiceRequest',
        id: 'x',
        identifier: [{ system: 'urn:r', value: 'R1' }],
        status: 'active',
        intent: 'order',
        subject: { reference: 'Patient/y' },
        note: [{ text: 'a' }],
      },
    },
    {
      resource: {
        resourceType: 'Patient',
        id: 'y',
        identifier: [{ system: 'urn:p', value: 'P1' }],
        birthDate: '1941-05-03',
      },
    },
  ],
});

/** What `ginnel test` says after writing the cases. */
async function testPair(files: Readonly<Record<string, string>>) {
  const root = mappingsFolder({
    'a/m/mapping.yaml': IN,
    'a/m-out/mapping.yaml': OUT,
    'a/m/cases/01/input.json': MESSAGE,
    'a/m-out/cases/01/input.json': ROUTED,
    ...files,
  });
  await run(runTest, ['--update', '--mappings', root]);
  return run(runTest, ['--mappings', root]);
}

describe('there and back', () => {
  it('is quiet where every field comes back, both ways', async () => {
    expect(await testPair({})).toEqual({
      code: 0,
      out: '2 passed, 0 failed; 2 mappings there and back, 0 fields lost\n',
      err: '',
    });
  });

  it('names each field that does not come back or comes back changed, without its value', async () => {
    const { code, out } = await testPair({
      'a/m/cases/02/input.json': '{"id":"R2","shoe":{"size":7},"person":{"id":"P1"},"notes":[]}',
      'a/m-out/mapping.yaml': OUT.replace('resolve().birthDate }}', "resolve().birthDate.formatDate('dd/MM/yyyy') }}"),
    });
    expect(code).toBe(1);
    const lines = out.split('\n');
    expect(lines).toContain('a/m there and back by a/m-out');
    expect(lines).toContain('  person.born comes back changed (01)');
    expect(lines).toContain('  shoe.size does not come back (02)');
    // The other way the date is not one of FHIR any more, and no value of it is told.
    expect(lines).toContain('a/m-out there and back by a/m');
    expect(out).not.toMatch(/03\/05\/1941/);
  });

  it('names elements that do not come back, by the type of the resource', async () => {
    const { code, out } = await testPair({ 'a/m-out/mapping.yaml': OUT.replace('  notes: "{[ note.text ]}"\n', '') });
    expect(code).toBe(1);
    expect(out).toContain('a/m-out there and back by a/m\n  ServiceRequest.note.text does not come back (01)\n');
    expect(out).toContain('a/m there and back by a/m-out\n  notes does not come back (01)\n');
  });

  it('passes over what round-trip.yaml accepts with a reason, and what the mapping ignores', async () => {
    const lossy = { 'a/m-out/mapping.yaml': OUT.replace('  notes: "{[ note.text ]}"\n', '') };
    const accepted = {
      'a/m/round-trip.yaml': 'notes: The partner does not take notes.\n',
      'a/m-out/mapping.yaml': lossy['a/m-out/mapping.yaml'].replace(
        'body:',
        'ignore:\n  ServiceRequest.note: The partner does not take notes.\nbody:',
      ),
    };
    expect((await testPair(accepted)).out).toBe('2 passed, 0 failed; 2 mappings there and back, 0 fields lost\n');
  });

  it('does not let an acceptance stay that is not needed, or has no reason', async () => {
    const stale = await testPair({ 'a/m/round-trip.yaml': 'person.born: They never kept it.\n' });
    expect(stale.code).toBe(1);
    expect(stale.out).toContain('mapping-unused: This is accepted as lost, and comes back in every case.');
    expect(stale.out).toContain('[mappings/a/m/round-trip.yaml:1:1]');
    const mute = await testPair({ 'a/m/round-trip.yaml': 'notes:\n' });
    expect(mute.out).toContain('Say why this field need not come back');
  });

  it('takes references within a Bundle for the same wherever their entries are called something else', async () => {
    const into = `mapping: 1
direction: in
input: { format: fhir }
assign:
  - request: "{{ entry.resource.ofType(ServiceRequest) }}"
entries:
  - name: p
    write: replace
    identifier: { system: urn:p, value: "{{ %request.subject.resolve().id }}" }
    resource: { resourceType: Patient }
  - name: r
    write: replace
    identifier: { system: urn:r, value: "{{ %request.id }}" }
    resource: { resourceType: ServiceRequest, status: active, intent: order, subject: "{{ ref('p') }}" }
`;
    const out = (target: string) => `mapping: 1
direction: out
output: { format: fhir }
body:
  resourceType: Bundle
  type: collection
  entry:
    - fullUrl: urn:uuid:5e2a1b7c-0000-4000-8000-000000000001
      resource:
        resourceType: ServiceRequest
        id: "{{ identifier.value }}"
        status: active
        intent: order
        subject: { reference: "${target}" }
    - fullUrl: urn:uuid:5e2a1b7c-0000-4000-8000-000000000002
      resource: { resourceType: Patient, id: "{{ subject.resolve().identifier.value }}" }
`;
    const names = ['11', '22'].map((digits) => `urn:uuid:5e2a1b7c-0000-4000-8000-0000000000${digits}`);
    const sent = JSON.stringify({
      resourceType: 'Bundle',
      type: 'collection',
      entry: [
        {
          fullUrl: names[0],
          resource: {
            resourceType: 'ServiceRequest',
            id: 'r',
            status: 'active',
            intent: 'order',
            subject: { reference: names[1] },
          },
        },
        { fullUrl: names[1], resource: { resourceType: 'Patient', id: 'p' } },
      ],
    });
    const files = (target: string) => ({
      'a/m/mapping.yaml': into,
      'a/m/cases/01/input.json': sent,
      'a/m-out/mapping.yaml': out(target),
    });
    const good = await testPair(files('urn:uuid:5e2a1b7c-0000-4000-8000-000000000002'));
    expect(good.out).not.toContain('a/m there and back');
    const bad = await testPair(files('urn:uuid:5e2a1b7c-0000-4000-8000-000000000003'));
    expect(bad.out).toContain(
      'a/m there and back by a/m-out\n  entry.resource.subject.reference comes back changed (01)\n',
    );
  });

  it('follows a declared inverse, and none where the mapping says none', async () => {
    const renamed = await testPair({
      'a/n/mapping.yaml': OUT.replace('direction: out\n', 'direction: out\ninverse: a/m\n'),
      'a/n/cases/01/input.json': ROUTED,
    });
    expect(renamed.out).toBe('3 passed, 0 failed; 3 mappings there and back, 0 fields lost\n');
    const none = await testPair({
      'a/m/mapping.yaml': IN.replace('direction: in\n', 'direction: in\ninverse: none\n'),
      'a/m-out/mapping.yaml': OUT.replace('direction: out\n', 'direction: out\ninverse: none\n'),
    });
    expect(none.out).toBe('2 passed, 0 failed\n');
  });

  it('tells where a message does not get back at all', async () => {
    const { code, out } = await testPair({
      'a/m-out/mapping.yaml': OUT.replace('body:', 'accept: "{{ status = \'draft\' }}"\nbody:'),
      'a/m-out/cases/01/input.json': ROUTED.replace('"active"', '"draft"'),
    });
    expect(code).toBe(1);
    expect(out).toContain('Case 01: nothing that it becomes is taken by a/m-out.');
  });

  it('accepts a case that the way back refuses, by its name and as long as it does', async () => {
    const refusing = { 'a/m-out/mapping.yaml': OUT.replace('body:', 'accept: "{{ note.exists() }}"\nbody:') };
    const bare = { 'a/m/cases/02-bare/input.json': '{"id":"R2","person":{"id":"P1"},"notes":[]}' };
    const excuse = { 'a/m/round-trip.yaml': '02-bare: The partner takes no referral without a note.\n' };
    expect((await testPair({ ...refusing, ...bare })).out).toContain('Case 02-bare: nothing that it becomes');
    expect((await testPair({ ...refusing, ...bare, ...excuse })).code).toBe(0);
    expect((await testPair({ ...bare, ...excuse })).out).toContain('comes back in every case');
  });
});
