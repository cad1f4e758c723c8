import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openDefinitions } from '../../src/fhir/definitions.ts';
import { createValidator } from '../../src/fhir/validate.ts';
import type { JsonObject } from '../../src/kernel/json.ts';

const definitions = openDefinitions();
const validator = createValidator({ definitions });

/** Issues as `code expression`, which is what a sender acts on. */
function check(resource: unknown): string[] {
  return validator.validate(resource).map((one) => `${one.code} ${one.expression ?? ''}`.trimEnd());
}

const patient = (more: object = {}): JsonObject => ({ resourceType: 'Patient', id: 'p1', ...more }) as JsonObject;
const plan = (more: object = {}): JsonObject =>
  ({
    resourceType: 'CarePlan',
    status: 'active',
    intent: 'plan',
    subject: { reference: 'Patient/p1' },
    ...more,
  }) as JsonObject;
const bundle = (...resources: object[]): object => ({
  resourceType: 'Bundle',
  type: 'collection',
  entry: resources.map((resource) => ({ resource })),
});

describe('a resource that is right', () => {
  it.each([
    ['a minimal CarePlan', plan()],
    ['codes that stand deep in a tree of codes', plan({ activity: [{ detail: { status: 'stopped' } }] })],
    [
      'a primitive with an extension and no value',
      patient({ _birthDate: { extension: [{ url: 'urn:x', valueCode: 'unknown' }] } }),
    ],
    [
      'a list with a null beside an extension',
      patient({
        name: [{ given: [null, 'B'], _given: [{ extension: [{ url: 'urn:x', valueBoolean: true }] }, null] }],
      }),
    ],
    [
      'a contained resource that is referred to',
      plan({ contained: [{ resourceType: 'CareTeam', id: 't' }], careTeam: [{ reference: '#t' }] }),
    ],
    [
      'a contained resource that refers back',
      plan({
        contained: [{ resourceType: 'Task', id: 't', status: 'ready', intent: 'plan', focus: { reference: '#' } }],
      }),
    ],
    [
      'a reference that cannot be looked into',
      plan({ subject: { reference: 'urn:uuid:0198f3c4-7000-7000-8000-000000000000' } }),
    ],
    ['a logical reference', plan({ subject: { type: 'Patient', identifier: { system: 'urn:n', value: '1' } } })],
    [
      'a Bundle of several types',
      bundle(patient(), plan(), {
        resourceType: 'Goal',
        lifecycleStatus: 'on-hold',
        description: { text: 'Walk' },
        subject: { reference: 'Patient/p1' },
      }),
    ],
    ['a period between two precisions', plan({ period: { start: '2026-01-12T09:30:00Z', end: '2026-01-12' } })],
  ])('has no issues: %s', (_what, resource) => {
    expect(check(resource)).toEqual([]);
  });
});

describe('a resource that is wrong', () => {
  it.each<[string, unknown, string[]]>([
    ['nothing', undefined, ['resource-invalid']],
    ['a text', 'Patient', ['resource-invalid']],
    ['a list', [patient()], ['resource-invalid']],
    ['no type', { id: 'x' }, ['resource-type-unknown resourceType']],
    ['a type that R4 does not have', { resourceType: 'Pateint' }, ['resource-type-unknown resourceType']],
    ['an abstract type', { resourceType: 'DomainResource' }, ['resource-type-unknown resourceType']],
    ['a type that is a name of JavaScript', { resourceType: 'constructor' }, ['resource-type-unknown resourceType']],
    [
      'an unknown type in a Bundle',
      bundle({ resourceType: 'Nope' }),
      ['resource-type-unknown Bundle.entry[0].resource.resourceType'],
    ],
    [
      'an unknown type contained',
      plan({ contained: [{ resourceType: 'Nope' }] }),
      ['resource-type-unknown CarePlan.contained[0].resourceType'],
    ],
    [
      'a contained resource without type',
      plan({ contained: [{ id: 'x' }] }),
      ['resource-type-unknown CarePlan.contained[0].resourceType'],
    ],
    [
      'a type where no resource stands',
      patient({ name: [{ resourceType: 'Patient', family: 'A' }] }),
      ['resource-invalid Patient.name[0]'],
    ],
    [
      'a required element missing',
      { resourceType: 'CarePlan', intent: 'plan', subject: { reference: 'Patient/p1' } },
      ['element-required CarePlan.status'],
    ],
    [
      'an element of a later FHIR',
      plan({ addresses: [{ concept: { text: 'x' } }] }),
      ['resource-invalid CarePlan.addresses[0].concept'],
    ],
    ['a code outside its value set', plan({ status: 'nonsense' }), ['code-invalid CarePlan.status']],
    [
      'a code outside the value set of a data type',
      patient({ name: [{ use: 'pet', family: 'A' }] }),
      ['code-invalid Patient.name[0].use'],
    ],
    [
      'a required binding on a concept, by text alone',
      { resourceType: 'Condition', clinicalStatus: { text: 'active' }, subject: { reference: 'Patient/p1' } },
      ['code-invalid Condition.clinicalStatus'],
    ],
    ['an id with a space', patient({ id: 'a b' }), ['id-invalid Patient.id']],
    ['an id too long', patient({ id: 'a'.repeat(65) }), ['id-invalid Patient.id']],
    ['an id in a Bundle', bundle(patient({ id: 'a_b' })), ['id-invalid Bundle.entry[0].resource.id']],
    ['an empty text', patient({ name: [{ family: '' }] }), ['element-empty Patient.name[0].family']],
    ['a text of spaces', patient({ name: [{ family: '  ' }] }), ['element-empty Patient.name[0].family']],
    ['an empty list', patient({ name: [] }), ['element-empty Patient.name']],
    ['an empty object', patient({ maritalStatus: {} }), ['element-empty Patient.maritalStatus']],
    ['a null', patient({ birthDate: null }), ['resource-invalid Patient.birthDate']],
    ['a list where one value stands', patient({ birthDate: ['1948-06-02'] }), ['resource-invalid Patient.birthDate']],
    ['one value where a list stands', patient({ name: { family: 'A' } }), ['resource-invalid Patient.name']],
    ['a text for a boolean', patient({ active: 'true' }), ['resource-invalid Patient.active']],
    ['a day that does not exist', patient({ birthDate: '2026-02-30' }), ['resource-invalid Patient.birthDate']],
    [
      'two types of one choice',
      patient({ deceasedBoolean: true, deceasedDateTime: '2026-01-01' }),
      ['resource-invalid Patient.deceasedDateTime'],
    ],
    [
      'a script in the narrative',
      patient({
        text: { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml"><script>x</script></div>' },
      }),
      ['narrative-unsafe Patient.text.div'],
    ],
    [
      'a modifier that nobody knows',
      patient({ modifierExtension: [{ url: 'urn:not', valueBoolean: true }] }),
      ['modifier-extension-unknown Patient.modifierExtension[0]'],
    ],
    [
      'a reference to a type that may not stand there',
      plan({ subject: { reference: 'Organization/o1' } }),
      ['resource-invalid CarePlan.subject.reference'],
    ],
    [
      'the same by absolute URL',
      plan({ subject: { reference: 'https://x.example/fhir/Organization/o1' } }),
      ['resource-invalid CarePlan.subject.reference'],
    ],
    [
      'the same by type alone',
      plan({ subject: { type: 'Organization', display: 'x' } }),
      ['resource-invalid CarePlan.subject.reference'],
    ],
    [
      'the same within the resource',
      plan({ contained: [{ resourceType: 'Organization', id: 'o', name: 'x' }], subject: { reference: '#o' } }),
      ['resource-invalid CarePlan.subject.reference'],
    ],
    [
      'a reference to what is not contained',
      plan({ careTeam: [{ reference: '#t' }] }),
      ['reference-unresolved CarePlan.careTeam[0].reference'],
    ],
    [
      'a contained resource nobody refers to',
      plan({ contained: [{ resourceType: 'CareTeam', id: 't' }] }),
      ['resource-invalid CarePlan.contained[0]'],
    ],
    [
      'an NHS number with a wrong check digit',
      patient({ identifier: [{ system: 'https://fhir.nhs.uk/Id/nhs-number', value: '9990000019' }] }),
      ['nhs-number-invalid Patient.identifier[0].value'],
    ],
    [
      'an NHS number with spaces',
      patient({ identifier: [{ system: 'https://fhir.nhs.uk/Id/nhs-number', value: '999 000 0018' }] }),
      ['nhs-number-invalid Patient.identifier[0].value'],
    ],
    [
      'an NHS number typed to get past a form',
      plan({ subject: { identifier: { system: 'https://fhir.nhs.uk/Id/nhs-number', value: '9999999999' } } }),
      ['nhs-number-invalid CarePlan.subject.identifier.value'],
    ],
    [
      'both halves of cpl-3',
      plan({ activity: [{ reference: { reference: 'Task/1' }, detail: { status: 'scheduled' } }] }),
      ['resource-invalid CarePlan.activity[0]'],
    ],
    [
      'a period that ends before it starts',
      plan({ period: { start: '2026-02-01', end: '2026-01-01' } }),
      ['resource-invalid CarePlan.period'],
    ],
    [
      'the same within an extension',
      patient({ extension: [{ url: 'urn:x', valuePeriod: { start: '2026-02', end: '2026-01' } }] }),
      ['resource-invalid Patient.extension[0].valuePeriod'],
    ],
    [
      'a telephone number without its kind',
      patient({ telecom: [{ value: '0161 496 0000' }] }),
      ['resource-invalid Patient.telecom[0]'],
    ],
    [
      'a timing with half a frequency',
      plan({ activity: [{ detail: { status: 'scheduled', scheduledTiming: { repeat: { period: 2 } } } }] }),
      ['resource-invalid CarePlan.activity[0].detail.scheduledTiming.repeat'],
    ],
    [
      'an organisation without name or identifier',
      { resourceType: 'Organization', active: true },
      ['resource-invalid Organization'],
    ],
    [
      'an invariant of a resource in a Bundle',
      bundle({ resourceType: 'Organization', active: true }),
      ['resource-invalid Bundle.entry[0].resource'],
    ],
  ])('is told so: %s', (_what, resource, expected) => {
    expect(check(resource)).toEqual(expected);
  });

  it('is refused when it is nested too deeply, before anything walks it', () => {
    const extension = (levels: number): object => {
      let inner: object = { url: 'urn:x', valueBoolean: true };
      for (let level = 0; level < levels; level += 1) inner = { url: 'urn:x', extension: [inner] };
      return inner;
    };
    expect(check(patient({ extension: [extension(10)] }))).toEqual([]);
    expect(check(patient({ extension: [extension(5_000)] }))).toEqual(['depth-too-large']);
    let list: unknown = [];
    for (let level = 0; level < 100_000; level += 1) list = [list];
    expect(check(patient({ name: list }))).toEqual(['depth-too-large']);
  });

  it('is refused when a list has no end, and answered in time when it just has', () => {
    const entries = (count: number): object =>
      bundle(...Array.from({ length: count }, (_, at) => patient({ id: `p${at}` })));
    expect(check(entries(10_001))).toEqual(['fields-too-many']);
    const start = performance.now();
    expect(check(entries(10_000))).toEqual([]);
    expect(performance.now() - start).toBeLessThan(5_000);
  });

  it('is told of some hundreds of problems and no more, errors first', () => {
    const issues = validator.validate(patient({ name: Array.from({ length: 5_000 }, () => ({ use: 'pet' })) }));
    expect(issues.length).toBe(200);
    expect(new Set(issues.map((one) => one.code))).toEqual(new Set(['code-invalid']));
  });

  it('is told in words that hold nothing of it', () => {
    const secret = 'Zebedee';
    const wrong = [
      patient({ birthDate: secret, gender: secret, active: secret, [`${secret} x`]: 1, maritalStatus: secret }),
      patient({ id: `${secret} x`, identifier: [{ system: 'https://fhir.nhs.uk/Id/nhs-number', value: secret }] }),
      plan({
        subject: { reference: `Group/${secret}`, type: secret },
        careTeam: [{ reference: `#${secret}` }],
        status: secret,
      }),
      patient({ managingOrganization: { reference: `${secret}/1` }, contact: [{ [`${secret} y`]: { a: null } }] }),
      patient({ text: { status: 'generated', div: `<div ${secret}="x">${secret}</div>` } }),
      { resourceType: secret },
      plan({ contained: [{ resourceType: secret }] }),
    ];
    for (const resource of wrong) {
      const issues = validator.validate(resource);
      expect(issues.length).toBeGreaterThan(0);
      for (const one of issues) expect(JSON.stringify(one)).not.toContain(secret);
    }
  });

  it('is never a reason to throw, whatever it is', () => {
    const names = fc.constantFrom(
      'resourceType',
      'id',
      'name',
      'contained',
      'extension',
      'url',
      'subject',
      'reference',
      'coding',
      'code',
      'system',
      'value',
      'period',
      'start',
      'end',
      'text',
      'div',
      '_birthDate',
      'birthDate',
      '__proto__',
      'constructor',
      'entry',
      'resource',
      'activity',
      'detail',
      'status',
      'meta',
      'profile',
      'valuePeriod',
      'identifier',
      'telecom',
    );
    const values = fc.oneof(
      fc.constantFrom('Patient', 'CarePlan', 'Bundle', '#x', 'Patient/1', '2026-01-01', ''),
      fc.string(),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.double(),
    );
    const tree = fc.letrec<{ any: unknown }>((tie) => ({
      any: fc.oneof(
        { maxDepth: 5 },
        values,
        fc.array(tie('any'), { maxLength: 3 }),
        fc.dictionary(names, tie('any'), { maxKeys: 6 }),
      ),
    })).any;
    fc.assert(
      fc.property(
        fc.constantFrom('Patient', 'CarePlan', 'Bundle', 'Consent'),
        fc.dictionary(names, tree),
        (resourceType, rest) => {
          expect(() => validator.validate({ ...rest, resourceType })).not.toThrow();
        },
      ),
      { numRuns: 1_500 },
    );
  });
});

describe('a modifier that the gateway knows', () => {
  it('may stand', () => {
    const knowing = createValidator({ definitions, modifierExtensions: new Set(['urn:known']) });
    expect(knowing.validate(patient({ modifierExtension: [{ url: 'urn:known', valueBoolean: true }] }))).toEqual([]);
  });
});

describe('the form of a reference', () => {
  const validator = createValidator({ definitions: openDefinitions() });
  const codesFor = (reference: string) =>
    validator
      .validate({ resourceType: 'Basic', code: { text: 'x' }, subject: { reference } })
      .map(({ code, expression }) => [code, expression]);

  it('is refused where it has no id and leads nowhere', () => {
    expect(codesFor('Patient/')).toEqual([['resource-invalid', 'Basic.subject.reference']]);
  });

  it.each([
    'Patient/1',
    'Patient/1/_history/2',
    'https://x.example/fhir/Patient/1',
    'urn:uuid:c757873d-ec9a-4326-a141-556f43239520',
    'Patient?identifier=https://x.example|1',
    'https://x.example/anything',
  ])('is taken: %s', (reference) => {
    expect(codesFor(reference)).toEqual([]);
  });
});
