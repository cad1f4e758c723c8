import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openDefinitions } from '../../src/fhir/definitions.ts';
import { formatOf } from '../../src/formats/formats.ts';
import { parseIssue, parseOk, printIssue, printText } from './read.ts';

const fhirXml = formatOf('fhir-xml');
const XHTML = 'http://www.w3.org/1999/xhtml';

const PATIENT = {
  resourceType: 'Patient',
  id: 'p1',
  text: { status: 'generated', div: `<div xmlns="${XHTML}"><p class="a">A &amp; B<br/></p></div>` },
  contained: [{ resourceType: 'Organization', id: 'o', name: 'Practice' }],
  extension: [{ url: 'urn:x', valueDecimal: 1.5 }],
  active: true,
  name: [
    {
      id: 'n1',
      family: 'Booth',
      _family: { id: 'f', extension: [{ url: 'urn:own', valueString: 'O’"<&' }] },
      given: ['Ada', null, 'May'],
      _given: [null, { extension: [{ url: 'urn:absent', valueCode: 'unknown' }] }, null],
    },
  ],
  birthDate: '1941-05-03',
  _birthDate: { extension: [{ url: 'urn:time', valueDateTime: '1941-05-03T10:00:00+01:00' }] },
  multipleBirthInteger: 2,
  contact: [{ name: { text: 'line\none' }, telecom: [{ rank: 1 }] }],
};

const TEXT = `<?xml version="1.0" encoding="UTF-8"?>
<Patient xmlns="http://hl7.org/fhir">
  <id value="p1"/>
  <text>
    <status value="generated"/>
    <div xmlns="http://www.w3.org/1999/xhtml"><p class="a">A &amp; B<br/></p></div>
  </text>
  <contained>
    <Organization>
      <id value="o"/>
      <name value="Practice"/>
    </Organization>
  </contained>
  <extension url="urn:x">
    <valueDecimal value="1.5"/>
  </extension>
  <active value="true"/>
  <name id="n1">
    <family id="f" value="Booth">
      <extension url="urn:own">
        <valueString value="O’&quot;&lt;&amp;"/>
      </extension>
    </family>
    <given value="Ada"/>
    <given>
      <extension url="urn:absent">
        <valueCode value="unknown"/>
      </extension>
    </given>
    <given value="May"/>
  </name>
  <birthDate value="1941-05-03">
    <extension url="urn:time">
      <valueDateTime value="1941-05-03T10:00:00+01:00"/>
    </extension>
  </birthDate>
  <multipleBirthInteger value="2"/>
  <contact>
    <name>
      <text value="line&#10;one"/>
    </name>
    <telecom>
      <rank value="1"/>
    </telecom>
  </contact>
</Patient>
`;

describe('FHIR XML', () => {
  it('is the JSON of the same resource, and that JSON is this XML', () => {
    expect(parseOk(fhirXml, TEXT).tree).toEqual(PATIENT);
    expect(printText(fhirXml, PATIENT)).toBe(TEXT);
  });

  it('is written in the order of the definition, whatever the order of the JSON', () => {
    expect(printText(fhirXml, Object.fromEntries(Object.entries(PATIENT).reverse()))).toBe(TEXT);
  });

  it('is read with prefixes, comments and a schema location', () => {
    const text = `<?xml version="1.0"?><!-- a --><f:Basic xmlns:f="http://hl7.org/fhir" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
      xsi:schemaLocation="http://hl7.org/fhir x.xsd"><!-- b --><f:code><f:text value="x"/></f:code></f:Basic>`;
    expect(parseOk(fhirXml, text).tree).toEqual({ resourceType: 'Basic', code: { text: 'x' } });
  });

  it('keeps long numbers as text, as JSON is read', () => {
    const decimal = (value: string) =>
      parseOk(
        fhirXml,
        `<Basic xmlns="http://hl7.org/fhir"><extension url="u"><valueDecimal value="${value}"/></extension></Basic>`,
      ).tree;
    expect(decimal('0.10')).toMatchObject({ extension: [{ valueDecimal: 0.1 }] });
    expect(decimal('1.00000000000000000001')).toMatchObject({
      extension: [{ valueDecimal: '1.00000000000000000001' }],
    });
  });

  it('says where a value stands, as XPath does', () => {
    const { locate } = parseOk(fhirXml, TEXT);
    expect(locate(['name', 0, 'given', 2])).toEqual({ at: '/Patient/name[1]/given[3]', line: 30, column: 5 });
    expect(locate(['_birthDate', 'extension', 0, 'valueDateTime'])).toEqual({
      at: '/Patient/birthDate/extension[1]/valueDateTime',
      line: 34,
      column: 7,
    });
    expect(locate(['contained', 0, 'name'])).toEqual({ at: '/Patient/contained[1]/name', line: 11, column: 7 });
    expect(locate(['name', 0, 'id'])).toEqual({ at: '/Patient/name[1]/id', line: 18, column: 3 });
  });

  const patient = (inside: string) => `<Patient xmlns="http://hl7.org/fhir">${inside}</Patient>`;

  it.each([
    ['an element that R4 does not have', patient('<colour value="x"/>'), '/Patient/colour'],
    [
      'an element twice that stands once',
      patient('<active value="true"/><active value="true"/>'),
      '/Patient/active[2]',
    ],
    ['an attribute that FHIR does not have', patient('<active colour="x" value="true"/>'), '/Patient'],
    ['a value where there is none', patient('<name value="x"/>'), '/Patient/name[1]'],
    ['a url outside an extension', patient('<name url="x"/>'), '/Patient/name[1]'],
    ['an id that is an element', patient('<name><id value="x"/></name>'), '/Patient/name[1]/id'],
    ['a boolean that is none', patient('<active value="yes"/>'), '/Patient/active'],
    ['a number that is none', patient('<multipleBirthInteger value="two"/>'), '/Patient/multipleBirthInteger'],
    ['an element without anything', patient('<active/>'), '/Patient/active'],
    ['text outside a narrative', patient('text'), '/Patient'],
    ['two resources contained in one', patient('<contained><Basic/><Basic/></contained>'), '/Patient/contained[1]'],
    ['a narrative elsewhere', patient(`<name><div xmlns="${XHTML}"/></name>`), '/Patient/name[1]/div'],
    [
      'a narrative that leans on a prefix from above',
      `<Patient xmlns="http://hl7.org/fhir" xmlns:h="${XHTML}"><text><h:div/></text></Patient>`,
      '/Patient/text',
    ],
    ['no namespace', '<Patient/>', '/'],
    ['a DOCTYPE', `<!DOCTYPE a>${patient('')}`, '/'],
  ])('refuses %s', (_what, text, at) => {
    const found = parseIssue(fhirXml, text);
    expect(found.code).toMatch(/^xml-/);
    expect(found.at).toBe(at);
  });

  it('refuses a root that is no resource type', () => {
    expect(parseIssue(fhirXml, '<HumanName xmlns="http://hl7.org/fhir"/>').code).toBe('resource-type-unknown');
  });

  it.each([
    ['what R4 does not have', { resourceType: 'Patient', colour: 'x' }, '$.colour'],
    ['one where a list belongs', { resourceType: 'Patient', name: { family: 'x' } }, '$.name'],
    ['a list where one belongs', { resourceType: 'Patient', active: [true] }, '$.active'],
    ['an object as a primitive', { resourceType: 'Patient', birthDate: { a: 1 } }, '$.birthDate'],
    ['nothing in a list', { resourceType: 'Patient', name: [{ given: [null] }] }, '$.name[0].given[0]'],
    [
      'a narrative that is not well formed',
      { resourceType: 'Patient', text: { div: `<div xmlns="${XHTML}"><p></div>` } },
      '$.text.div',
    ],
    [
      'a narrative that ends too early',
      { resourceType: 'Patient', text: { div: `<div xmlns="${XHTML}"/></text><text/>` } },
      '$.text.div',
    ],
    ['a narrative without its namespace', { resourceType: 'Patient', text: { div: '<div>x</div>' } }, '$.text.div'],
    ['what is no resource', { resourceType: 'HumanName' }, '$'],
  ])('does not print %s', (_what, tree, at) => {
    expect(printIssue(fhirXml, tree)).toMatchObject({ code: 'format-cannot-print', at });
  });

  it('gives back whatever the definitions allow: parse after print is the same tree', () => {
    const definitions = openDefinitions();
    const text = fc.string({ minLength: 1, maxLength: 6, unit: 'grapheme-ascii' });
    const scalarOf = (type: string): fc.Arbitrary<unknown> => {
      if (type === 'boolean') return fc.boolean();
      if (/^(?:integer|positiveInt|unsignedInt)$/.test(type)) return fc.integer();
      return type === 'decimal' ? fc.integer().map((value) => value / 8) : text;
    };
    type Structure = NonNullable<ReturnType<typeof definitions.structure>>;
    const objectOf = (structure: Pick<Structure, 'properties'>, depth: number): fc.Arbitrary<Record<string, unknown>> =>
      fc.array(fc.nat(structure.properties.size - 1), { maxLength: 4 }).chain((picks) => {
        const chosen = [...new Set(picks)].flatMap((pick) => [...structure.properties.values()][pick] ?? []);
        const members = chosen.map((property) => {
          const { name, type, list, inner } = property;
          const isPrimitive = /^[a-z]/.test(type);
          const below = inner?.() ?? definitions.structure(type);
          if (type === 'xhtml') return fc.constant({ [name]: `<div xmlns="${XHTML}">a</div>` });
          if (type === 'Resource' || (!isPrimitive && (depth === 0 || below === undefined))) return fc.constant({});
          const value = isPrimitive || below === undefined ? scalarOf(type) : objectOf(below, depth - 1);
          const values = list ? fc.array(value, { minLength: 1, maxLength: 2 }) : value;
          return values.map((one) => ({ [name]: one }));
        });
        return fc.tuple(...members).map((parts) => Object.assign({}, ...parts) as Record<string, unknown>);
      });
    const resource = fc
      .constantFrom('Patient', 'CarePlan', 'ServiceRequest', 'Observation', 'Bundle', 'Questionnaire')
      .chain((type) => {
        const structure = definitions.structure(type);
        if (structure === undefined) throw new Error(type);
        return objectOf(structure, 3).map((members) => ({ ...members, resourceType: type }));
      });
    fc.assert(
      fc.property(resource, (tree) => {
        expect(parseOk(fhirXml, printText(fhirXml, tree)).tree).toEqual(tree);
      }),
      { numRuns: 300 },
    );
  });

  it('gives back every resource that the shipped mappings make', () => {
    const root = resolve(import.meta.dirname, '../../mappings');
    const goldens = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('expected.json'),
    );
    let bundles = 0;
    for (const file of goldens) {
      const tree = JSON.parse(readFileSync(join(root, file), 'utf8')) as { resourceType?: string };
      if (tree.resourceType !== 'Bundle') continue;
      bundles += 1;
      expect(parseOk(fhirXml, printText(fhirXml, tree)).tree, file).toEqual(tree);
    }
    expect(bundles).toBeGreaterThan(20);
  });

  const data = process.env.GINNEL_CONFORMANCE_DATA;
  const examples = data === undefined ? '' : join(data, 'fhirpath');
  it.skipIf(!existsSync(examples))('reads and writes the published XML examples (GINNEL_CONFORMANCE_DATA)', () => {
    const files = readdirSync(examples).filter((file) => file.endsWith('.xml') && !file.startsWith('tests-'));
    expect(files.length).toBeGreaterThan(3);
    for (const file of files) {
      const { tree } = parseOk(fhirXml, readFileSync(join(examples, file)));
      expect(parseOk(fhirXml, printText(fhirXml, tree)).tree, file).toEqual(tree);
    }
  });
});
