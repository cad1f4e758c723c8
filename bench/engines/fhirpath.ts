import { type AtomContext, evalFhirPathTyped, type FhirPathAtom, parseFhirPath, toTypedValue } from '@medplum/core';
import fhirpath from 'fhirpath';
import { entryOf, ID, NHS_NUMBER, referenceTo } from './referral.ts';

/** All values of an expression over an input. */
export type Evaluate = (expression: string, input: unknown) => unknown[];

/** @medplum/core; each expression is parsed once. */
export function createMedplumFhirPath(): Evaluate {
  const parsed = new Map<string, FhirPathAtom>();
  return (expression, input) => {
    let atom = parsed.get(expression);
    if (atom === undefined) {
      atom = parseFhirPath(expression);
      parsed.set(expression, atom);
    }
    return evalFhirPathTyped(atom, [toTypedValue(input)], {} as AtomContext['variables']).map(
      ({ value }) => value as unknown,
    );
  };
}

/** fhirpath.js; each expression is compiled once. */
export function createFhirPathJs(): Evaluate {
  const compiled = new Map<string, (input: unknown) => unknown>();
  return (expression, input) => {
    let run = compiled.get(expression);
    if (run === undefined) {
      run = fhirpath.compile(expression) as (input: unknown) => unknown;
      compiled.set(expression, run);
    }
    return run(input) as unknown[];
  };
}

/** The skeleton in JavaScript, its leaves the mapping's expressions in another FHIRPath engine. */
export function mapByFhirPath(message: object, evaluate: Evaluate): unknown[] {
  const all = (expression: string, input: unknown = message) => evaluate(expression, input);
  const one = (expression: string, input: unknown = message) => evaluate(expression, input)[0] as string;
  const each = (expression: string, make: (item: unknown) => unknown) => all(expression).map(make);
  const nhs = one('patient.nhsNumber');
  const subject = referenceTo('Patient', NHS_NUMBER, nhs);
  const careTeam = referenceTo('CareTeam', `${ID}/care-team`, nhs);
  return [
    entryOf('patient', 'merge', ['identifier'], NHS_NUMBER, nhs, {
      resourceType: 'Patient',
      identifier: [
        { system: NHS_NUMBER, value: one('patient.nhsNumber') },
        { system: `${ID}/patient`, value: one('patient.localId') },
      ],
      active: true,
      name: [
        {
          use: 'official',
          family: one('patient.surname'),
          given: all('patient.forenames'),
          prefix: [one('patient.title')],
        },
        ...(one('patient.calledName.exists()') ? [{ use: 'usual', given: [one('patient.calledName')] }] : []),
      ],
      telecom: [
        ...each('patient.phones', (phone) => ({
          system: 'phone',
          value: one('number', phone),
          use: one('use', phone),
        })),
        { system: 'email', value: one('patient.email') },
      ],
      gender: one('patient.sex'),
      birthDate: one('patient.born'),
      address: [
        {
          use: 'home',
          line: all('patient.address.lines'),
          city: one('patient.address.town'),
          district: one('patient.address.county'),
          postalCode: one('patient.address.postcode'),
        },
      ],
      generalPractitioner: [
        {
          identifier: { system: 'https://fhir.nhs.uk/Id/ods-organization-code', value: one('practice.ods') },
          display: one('practice.name'),
        },
      ],
    } as { resourceType: string }),
    entryOf('request', 'replace', [], `${ID}/referral`, one('referral.id'), {
      resourceType: 'ServiceRequest',
      identifier: [{ system: `${ID}/referral`, value: one('referral.id') }],
      status: 'active',
      intent: 'order',
      priority: one("iif(referral.urgency = 'urgent', 'urgent', 'routine')"),
      code: {
        coding: [
          {
            system: 'http://snomed.info/sct',
            code: one('referral.service.code'),
            display: one('referral.service.name'),
          },
        ],
        text: one('referral.service.name'),
      },
      subject,
      occurrenceDateTime: one('referral.requiredBy'),
      authoredOn: one('referral.written'),
      requester: {
        identifier: { system: `${ID}/user`, value: one('referrer.id') },
        display: `${one('referrer.title')} ${one('referrer.forename')} ${one('referrer.surname')}`,
      },
      reasonCode: [{ text: one('referral.reason') }],
      note: [{ text: one('referral.note') }],
    } as { resourceType: string }),
    entryOf('plan', 'merge', [], `${ID}/care-plan`, nhs, {
      resourceType: 'CarePlan',
      identifier: [{ system: `${ID}/care-plan`, value: one('patient.nhsNumber') }],
      status: 'active',
      intent: 'plan',
      title: `Care plan of ${one('patient.calledName')} ${one('patient.surname')}`,
      subject,
      created: one('referral.written'),
      addresses: each('needs', (need) => ({
        identifier: { system: `${ID}/need`, value: one('id', need) },
        display: one('term', need),
      })),
      goal: each('needs.where(goal.exists())', (need) => ({ display: one('goal', need) })),
      activity: each('actions', (action) => ({
        detail: {
          status: one('state', action),
          scheduledString: one('when', action),
          description: `${one('what', action)} (${one('who', action)})`,
        },
      })),
      careTeam: [careTeam],
    } as { resourceType: string }),
    entryOf('team', 'merge', ['participant'], `${ID}/care-team`, nhs, {
      resourceType: 'CareTeam',
      identifier: [{ system: `${ID}/care-team`, value: one('patient.nhsNumber') }],
      status: 'active',
      subject,
      participant: each('team', (member) => ({
        role: [{ text: one('role', member) }],
        member: { display: one('name', member) },
        period: { start: one('since', member) },
      })),
    } as { resourceType: string }),
  ];
}
