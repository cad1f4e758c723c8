import jsonata from 'jsonata';
import { stableUuid } from '../../src/kernel/ids.ts';
import { ID, NHS_NUMBER } from './referral.ts';

/** The same result as one JSONata expression, which is that language's own way of writing it. */
const EXPRESSION = `(
  $nhs := patient.nhsNumber;
  $entry := function($name, $write, $union, $system, $value, $resource) {{
    'name': $name, 'write': $write, 'union': $union, 'fill': [], 'remove': [],
    'identifier': { 'system': $system, 'value': $value },
    'fullUrl': 'urn:uuid:' & $stableUuid($resource.resourceType & '|' & $system & '|' & $value),
    'resource': $resource
  }};
  $subject := { 'reference': 'urn:uuid:' & $stableUuid('Patient|${NHS_NUMBER}|' & $nhs) };
  $careTeam := { 'reference': 'urn:uuid:' & $stableUuid('CareTeam|${ID}/care-team|' & $nhs) };
  [
    $entry('patient', 'merge', ['identifier'], '${NHS_NUMBER}', $nhs, {
      'resourceType': 'Patient',
      'identifier': [
        { 'system': '${NHS_NUMBER}', 'value': $nhs },
        { 'system': '${ID}/patient', 'value': patient.localId }
      ],
      'active': true,
      'name': [
        { 'use': 'official', 'family': patient.surname, 'given': [patient.forenames], 'prefix': [patient.title] },
        patient.calledName ? { 'use': 'usual', 'given': [patient.calledName] }
      ],
      'telecom': [
        patient.phones.{ 'system': 'phone', 'value': number, 'use': use },
        { 'system': 'email', 'value': patient.email }
      ],
      'gender': patient.sex,
      'birthDate': patient.born,
      'address': [{
        'use': 'home',
        'line': [patient.address.lines],
        'city': patient.address.town,
        'district': patient.address.county,
        'postalCode': patient.address.postcode
      }],
      'generalPractitioner': [{
        'identifier': { 'system': 'https://fhir.nhs.uk/Id/ods-organization-code', 'value': practice.ods },
        'display': practice.name
      }]
    }),
    $entry('request', 'replace', [], '${ID}/referral', referral.id, {
      'resourceType': 'ServiceRequest',
      'identifier': [{ 'system': '${ID}/referral', 'value': referral.id }],
      'status': 'active',
      'intent': 'order',
      'priority': referral.urgency = 'urgent' ? 'urgent' : 'routine',
      'code': {
        'coding': [{
          'system': 'http://snomed.info/sct', 'code': referral.service.code, 'display': referral.service.name
        }],
        'text': referral.service.name
      },
      'subject': $subject,
      'occurrenceDateTime': referral.requiredBy,
      'authoredOn': referral.written,
      'requester': {
        'identifier': { 'system': '${ID}/user', 'value': referrer.id },
        'display': referrer.title & ' ' & referrer.forename & ' ' & referrer.surname
      },
      'reasonCode': [{ 'text': referral.reason }],
      'note': [{ 'text': referral.note }]
    }),
    $entry('plan', 'merge', [], '${ID}/care-plan', $nhs, {
      'resourceType': 'CarePlan',
      'identifier': [{ 'system': '${ID}/care-plan', 'value': $nhs }],
      'status': 'active',
      'intent': 'plan',
      'title': 'Care plan of ' & patient.calledName & ' ' & patient.surname,
      'subject': $subject,
      'created': referral.written,
      'addresses': [needs.{ 'identifier': { 'system': '${ID}/need', 'value': id }, 'display': term }],
      'goal': [needs[goal].{ 'display': goal }],
      'activity': [actions.{
        'detail': { 'status': state, 'scheduledString': when, 'description': what & ' (' & who & ')' }
      }],
      'careTeam': [$careTeam]
    }),
    $entry('team', 'merge', ['participant'], '${ID}/care-team', $nhs, {
      'resourceType': 'CareTeam',
      'identifier': [{ 'system': '${ID}/care-team', 'value': $nhs }],
      'status': 'active',
      'subject': $subject,
      'participant': [team.{
        'role': [{ 'text': role }], 'member': { 'display': name }, 'period': { 'start': since }
      }]
    })
  ]
)`;

export function createJsonata(): (message: object) => Promise<unknown> {
  const expression = jsonata(EXPRESSION);
  expression.registerFunction('stableUuid', (text: string) => stableUuid(text), '<s:s>');
  return (message) => expression.evaluate(message) as Promise<unknown>;
}
