import type { HumanName, Patient } from '@medplum/fhirtypes';
import { NHS_NUMBER_SYSTEM } from './canonical.ts';
import { isNhsNumber } from './nhs-number.ts';
import { foldText } from './search-strings.ts';

/** https://hl7.org/fhir/R4/valueset-match-grade.html */
export type MatchGrade = 'certain' | 'probable' | 'possible' | 'certainly-not';

export interface MatchScore {
  /** From 0 to 1. */
  readonly score: number;
  readonly grade: MatchGrade;
}

/** From here on a candidate is probable, and from here on it is worth a person's look. */
const PROBABLE_FROM = 0.7;
const POSSIBLE_FROM = 0.5;
/** Without an NHS number, and only for the one candidate that reaches it. */
const CERTAIN_FROM = 0.9;

/** What agreement is worth where no NHS number decides. Together they are 1. */
const WEIGHTS = { birthDate: 0.34, family: 0.22, given: 0.16, postcode: 0.16, telecom: 0.06, gender: 0.06 } as const;

/** Half of the weight, for what is near: a transposed day and month, one letter of a name. */
const NEAR = 0.5;

/**
 * How much a stored person looks like the one asked for. As the NHS does it, an NHS number alone is not enough: the date
 * of birth must agree too, or, where none is given, the name; where it contradicts, somebody has somebody else's number.
 * Two different NHS numbers are two people, however alike the rest. What only one side holds counts neither way.
 */
export function scoreMatch(asked: Patient, candidate: Patient): MatchScore {
  const numbers = [nhsNumberOf(asked), nhsNumberOf(candidate)];
  const demographic = scoreDemographics(asked, candidate);
  if (numbers[0] !== undefined && numbers[1] !== undefined) {
    if (numbers[0] !== numbers[1]) return { score: 0, grade: 'certainly-not' };
    return scoreSameNumber(asked, candidate, demographic);
  }
  if (shareIdentifier(asked, candidate)) return scoreSameNumber(asked, candidate, demographic);
  return graded(demographic, demographic >= CERTAIN_FROM ? 'certain' : undefined);
}

function scoreSameNumber(asked: Patient, candidate: Patient, demographic: number): MatchScore {
  const born = compareDates(asked.birthDate, candidate.birthDate);
  const named = compareFamilies(asked.name, candidate.name);
  if (born === 1 || (born === undefined && named === 1)) return { score: 1, grade: 'certain' };
  if (born === undefined && named === undefined) return graded(0.8);
  if (born === NEAR || (born === undefined && named === NEAR)) return graded(0.85);
  // The number is somebody's, but not clearly this person's.
  return graded(Math.max(POSSIBLE_FROM, Math.min(demographic, 0.6)));
}

function graded(score: number, grade?: MatchGrade): MatchScore {
  const rounded = Math.round(score * 100) / 100;
  if (grade !== undefined) return { score: rounded, grade };
  if (rounded >= PROBABLE_FROM) return { score: rounded, grade: 'probable' };
  return { score: rounded, grade: rounded >= POSSIBLE_FROM ? 'possible' : 'certainly-not' };
}

/** The share of the weights that agree, contradictions taken off; at most what was compared allows. */
function scoreDemographics(asked: Patient, candidate: Patient): number {
  const compared: readonly (readonly [keyof typeof WEIGHTS, number | undefined])[] = [
    ['birthDate', compareDates(asked.birthDate, candidate.birthDate)],
    ['family', compareFamilies(asked.name, candidate.name)],
    ['given', compareGiven(asked.name, candidate.name)],
    ['postcode', comparePostcodes(asked, candidate)],
    ['telecom', compareTelecoms(asked, candidate)],
    ['gender', compareGenders(asked.gender, candidate.gender)],
  ];
  let score = 0;
  for (const [name, agreement] of compared) score += WEIGHTS[name] * (agreement ?? 0);
  // A name and a date of birth that both contradict are another person, whatever the address says.
  const born = compared[0]?.[1];
  const family = compared[1]?.[1];
  return born === 0 && family === 0 ? 0 : score;
}

/** A hospital's number, or any other that both hold, is worth what an NHS number is: with a date of birth it is certain. */
function shareIdentifier(one: Patient, other: Patient): boolean {
  const held = (other.identifier ?? []).flatMap(({ system, value }) =>
    system === undefined || value === undefined ? [] : [`${system}|${value.trim()}`],
  );
  return (one.identifier ?? []).some(({ system, value }) => held.includes(`${system}|${value?.trim()}`));
}

function nhsNumberOf({ identifier }: Patient): string | undefined {
  const value = identifier?.find(({ system }) => system === NHS_NUMBER_SYSTEM)?.value;
  return value !== undefined && isNhsNumber(value) ? value : undefined;
}

/** 1 the same; near where day and month are transposed, or one of the three parts differs; 0 another day. */
function compareDates(one: string | undefined, other: string | undefined): number | undefined {
  if (one === undefined || other === undefined) return undefined;
  if (one === other) return 1;
  const [a, b] = [one.split('-'), other.split('-')];
  if (a.length !== 3 || b.length !== 3) return one.startsWith(other) || other.startsWith(one) ? NEAR : 0;
  if (a[0] === b[0] && a[1] === b[2] && a[2] === b[1]) return NEAR;
  return a.filter((part, index) => part === b[index]).length === 2 ? NEAR : 0;
}

function compareFamilies(one: readonly HumanName[] | undefined, other: readonly HumanName[] | undefined) {
  return bestOf(familiesOf(one), familiesOf(other), (a, b) => {
    if (a === b) return 1;
    // A double-barrelled name and one of its halves, or one letter more, less or other.
    const halves = (name: string): string[] => name.split(/[-\s]/).filter((part) => part.length > 2);
    return halves(a).some((part) => halves(b).includes(part)) || isOneEditApart(a, b) ? NEAR : 0;
  });
}

function compareGiven(one: readonly HumanName[] | undefined, other: readonly HumanName[] | undefined) {
  return bestOf(givensOf(one), givensOf(other), (a, b) => {
    if (a === b) return 1;
    const isInitial = a.length === 1 || b.length === 1;
    return (isInitial && a[0] === b[0]) || isOneEditApart(a, b) ? NEAR : 0;
  });
}

function comparePostcodes(one: Patient, other: Patient): number | undefined {
  return bestOf(postcodesOf(one), postcodesOf(other), (a, b) => {
    if (a === b) return 1;
    // The outward code: the same part of the same town.
    return a.length > 4 && b.length > 4 && a.slice(0, -3) === b.slice(0, -3) ? NEAR : 0;
  });
}

function compareTelecoms(one: Patient, other: Patient): number | undefined {
  return bestOf(telecomsOf(one), telecomsOf(other), (a, b) => (a === b ? 1 : 0));
}

function compareGenders(one: string | undefined, other: string | undefined): number | undefined {
  if (one === undefined || other === undefined || one === 'unknown' || other === 'unknown') return undefined;
  return one === other ? 1 : 0;
}

function bestOf(
  ones: readonly string[],
  others: readonly string[],
  compare: (one: string, other: string) => number,
): number | undefined {
  if (ones.length === 0 || others.length === 0) return undefined;
  return Math.max(...ones.flatMap((one) => others.map((other) => compare(one, other))));
}

/** The most of a kind that one person is compared by. */
const COMPARED_MAX = 10;

function familiesOf(names: readonly HumanName[] = []): string[] {
  return foldAll(names.map(({ family }) => family));
}

function givensOf(names: readonly HumanName[] = []): string[] {
  return foldAll(names.flatMap(({ given }) => given ?? []));
}

function foldAll(texts: readonly (string | undefined)[]): string[] {
  const folded = texts.flatMap((text) => (text === undefined ? [] : foldText(text).replaceAll(/['’.]/g, '')));
  return folded.filter((text) => text !== '').slice(0, COMPARED_MAX);
}

export function postcodesOf({ address = [] }: Patient): string[] {
  const found = address.flatMap(({ postalCode }) => postalCode?.replace(/\s/g, '').toUpperCase() ?? []);
  return found.filter((one) => one !== '').slice(0, COMPARED_MAX);
}

/** Telephone numbers by their last ten digits, so that +44 and 0 are the same; the rest without case. */
export function telecomsOf({ telecom = [] }: Patient): string[] {
  return telecom
    .flatMap(({ system, value }) => {
      if (value === undefined) return [];
      const digits = value.replace(/\D/g, '');
      return system === 'email' || digits.length < 10 ? value.trim().toLowerCase() : digits.slice(-10);
    })
    .slice(0, COMPARED_MAX);
}

/** Whether one letter more, less or other makes one of the other; names of three letters and fewer must be the same. */
function isOneEditApart(one: string, other: string): boolean {
  const [short, long] = one.length <= other.length ? [one, other] : [other, one];
  if (short.length < 4 || long.length - short.length > 1) return false;
  let at = 0;
  while (at < short.length && short[at] === long[at]) at += 1;
  const restOfShort = short.slice(long.length === short.length ? at + 1 : at);
  return restOfShort === long.slice(at + 1);
}
