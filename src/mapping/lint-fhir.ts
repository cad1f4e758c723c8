import type { CompiledProfile, ProfileNode } from '../fhir/compile-profile.ts';
import type { Definitions, ValueSetCodes } from '../fhir/definitions.ts';
import type { Profiles } from '../fhir/profiles.ts';
import type { Property, Structure } from '../fhir/structure.ts';
import { isInValueSet } from '../fhir/value-set.ts';
import { FORMATS } from '../formats/formats.ts';
import { type Issue, type IssueCode, issue } from '../kernel/errors.ts';
import { suggestion } from '../kernel/nearest-name.ts';
import type { LoadedMapping } from './load-mapping.ts';
import { entryLeaves } from './mapping-document.ts';
import { canWrite, resourcesOf, type Written, type WrittenValue } from './written-shape.ts';
import { formatPlace, type Place } from './yaml-source.ts';

/** What R4 and our profiles say of resources. */
export interface FhirRules {
  readonly definitions: Definitions;
  readonly profiles: Profiles;
}

/**
 * What can be seen of the resources that a mapping writes before any message has come: elements that R4 does not have,
 * required ones that no branch writes, codes outside a value set that is required, and the same by the profiles of ours
 * that the mapping names as constants.
 */
export function findFhirMistakes(
  { document, codes }: Pick<LoadedMapping, 'document' | 'codes'>,
  rules: FhirRules,
): Issue[] {
  const lint = new FhirLint(rules, codes);
  if (document.content.kind === 'entries') {
    for (const { resource } of entryLeaves(document.content.entries)) {
      for (const one of resourcesOf(resource)) lint.checkResource(one, true);
    }
  } else if (FORMATS[document.format].dialect === 'fhir') {
    for (const one of resourcesOf(document.content.body)) lint.checkResource(one, false);
  }
  return lint.issues;
}

class FhirLint {
  readonly issues: Issue[] = [];
  private readonly rules: FhirRules;
  private readonly codes: LoadedMapping['codes'];

  constructor(rules: FhirRules, codes: LoadedMapping['codes']) {
    this.rules = rules;
    this.codes = codes;
  }

  /** A resource whose type is an expression cannot be judged. */
  checkResource(written: Written, isEntry: boolean): void {
    const type = constantsOf(written.members.get('resourceType'))[0];
    if (typeof type !== 'string') return;
    const structure = this.rules.definitions.structure(type);
    if (structure === undefined || !this.rules.definitions.resourceTypes.has(type)) {
      this.report('mapping-invalid-result', 'R4 has no resource type of this name.', written.place);
      return;
    }
    // The business identifier of an entry is added where the mapping does not write it.
    const added = isEntry && structure.properties.has('identifier') ? new Set(['identifier']) : new Set<string>();
    this.checkMembers(written, structure, type, added);
    const profiles = written.members.get('meta')?.members.get('profile');
    for (const url of constantsOf(profiles)) {
      const profile = typeof url === 'string' ? this.rules.profiles.profile(url) : undefined;
      if (profile === undefined) continue;
      if (profile.type === type) this.checkProfile(written, profile.root, profile, type, added);
      else
        this.report('mapping-invalid-result', `The profile ${profile.name} is for a ${profile.type}.`, written.place);
    }
  }

  private checkMembers(written: Written, structure: Structure, path: string, added: ReadonlySet<string>): void {
    for (const [name, child] of written.members) {
      const property = structure.properties.get(name);
      // `_birthDate` holds what stands beside a primitive.
      if (name === 'resourceType' || name.startsWith('_')) continue;
      if (property === undefined) {
        const words = structure.choices.has(name)
          ? `${path}.${name} is a choice: write ${structure.choices.get(name)?.join(', ')}.`
          : `R4 has no ${path}.${name}.${suggestion(name, [...structure.properties.keys()])}`;
        this.report('mapping-invalid-result', words, child.place);
      } else this.checkValue(child, property, `${path}.${name}`);
    }
    if (written.open) return;
    for (const [name, { required, choice }] of structure.properties) {
      const names = choice === undefined ? [name] : (structure.choices.get(choice) ?? []);
      // Of a choice, the first of its names speaks for all.
      if (!required || added.has(name) || names[0] !== name) continue;
      if (!names.some((one) => isWritten(written, one))) {
        this.report(
          'mapping-incomplete',
          `R4 requires ${path}.${choice ?? name}, and no branch writes it.`,
          written.place,
        );
      }
    }
  }

  private checkValue(written: Written, property: Property, path: string): void {
    const { valueSet, type } = property;
    const codes = valueSet === undefined ? undefined : this.rules.definitions.valueSet(valueSet);
    if (codes !== undefined) this.checkCodes(written, type, codes, `${path}: the value set ${valueSet} of R4`);
    for (const one of written.resources) this.checkResource(one, false);
    const inner = property.inner?.() ?? this.rules.definitions.structure(type);
    // What is only an expression has no members to be judged; neither has what is never written.
    if (inner !== undefined && type !== 'Resource' && written.members.size > 0) {
      this.checkMembers(written, inner, path, new Set());
    }
  }

  private checkProfile(
    written: Written,
    node: ProfileNode,
    profile: CompiledProfile,
    path: string,
    added: ReadonlySet<string>,
  ): void {
    for (const [name, child] of node.children) {
      const found = membersOf(written, name);
      const at = `${path}.${name}`;
      if (child.min > 0 && !written.open && !added.has(name) && !found.some(canWrite)) {
        const words = `${profile.name} requires ${at}, and no branch writes it.`;
        this.report('mapping-incomplete', words, written.place);
      }
      for (const one of found) {
        if (child.max === 0) this.report('mapping-invalid-result', `${profile.name} has no ${at}.`, one.place);
        this.checkFixed(one, child, `${at}: ${profile.name}`);
        const { binding } = child;
        const type = name === 'coding' ? 'Coding' : one.members.has('coding') ? 'CodeableConcept' : 'code';
        if (binding !== undefined) this.checkCodes(one, type, binding.codes, `${at}: the value set ${binding.url}`);
        this.checkProfile(one, child, profile, at, new Set());
      }
    }
  }

  private checkFixed(written: Written, { fixed }: ProfileNode, who: string): void {
    if (fixed === undefined || typeof fixed === 'object') return;
    for (const one of written.values) {
      if (one.kind !== 'constant' || one.value === fixed) continue;
      this.report('mapping-invalid-result', `${who} says that this is ${JSON.stringify(fixed)}.`, one.place);
    }
  }

  /** A CodeableConcept needs one coding of the set; a code or a Coding must be of it. */
  private checkCodes(written: Written, type: string, codes: ValueSetCodes, who: string): void {
    const words = (what: string) => `${who} does not have ${what}.`;
    if (type === 'CodeableConcept') {
      const all = this.possibleCodings(written);
      if (all === undefined || all.length === 0 || all.some((one) => isInValueSet(one, 'Coding', codes))) return;
      this.report('code-invalid', words('any of the codes that are written here'), written.place);
      return;
    }
    if (type === 'Coding') {
      for (const coding of this.constantCodings(written) ?? []) {
        if (!isInValueSet(coding, 'Coding', codes)) this.report('code-invalid', words('this code'), written.place);
      }
    }
    for (const one of written.values) {
      if (one.kind === 'constant') {
        if (!isInValueSet(one.value, 'code', codes)) this.report('code-invalid', words('this code'), one.place);
        continue;
      }
      const wrong = this.rowsOf(one).filter((row) => !isInValueSet(one.as === 'code' ? row.code : row, one.as, codes));
      if (wrong.length > 0) {
        const rows = wrong.map(({ row }) => row).join(', ');
        this.report('code-invalid', words(`the target in row ${rows} of the code map ${one.map}`), one.place);
      }
    }
  }

  private rowsOf({ map }: Extract<WrittenValue, { kind: 'codes' }>) {
    const codes = this.codes.get(map);
    const rows = [...(codes?.rows.values() ?? []), ...(codes?.fallback === undefined ? [] : [codes.fallback])];
    return rows.filter(({ code }) => code !== '');
  }

  /** Every coding that a CodeableConcept may get; undefined where an expression may write another. */
  private possibleCodings(written: Written): unknown[] | undefined {
    const coding = written.members.get('coding');
    if (written.open || coding?.open === true) return undefined;
    const fromMaps = [...written.values, ...(coding?.values ?? [])].flatMap((one) =>
      one.kind === 'codes' ? this.rowsOf(one) : [],
    );
    const constants = coding === undefined ? [] : this.constantCodings(coding);
    return constants === undefined ? undefined : [...fromMaps, ...constants];
  }

  /** Codings by their constants; with several systems and codes, every pair that may come of them. */
  private constantCodings({ open, members }: Written): unknown[] | undefined {
    const [system, code] = [members.get('system'), members.get('code')];
    if (open || system?.open === true || code?.open === true) return undefined;
    return constantsOf(system).flatMap((one) => constantsOf(code).map((other) => ({ system: one, code: other })));
  }

  private report(code: IssueCode, text: string, place: Place): void {
    const mapping = formatPlace(place);
    if (this.issues.some((one) => one.mapping === mapping && one.text === text)) return;
    this.issues.push(issue(code, text, { mapping }));
  }
}

function isWritten({ members }: Written, name: string): boolean {
  const child = members.get(name);
  return child !== undefined && canWrite(child);
}

/** The members of a name; of a choice such as `value[x]`, those of its types. */
function membersOf({ members }: Written, name: string): Written[] {
  if (!name.endsWith('[x]')) return [members.get(name)].filter((one) => one !== undefined);
  const base = name.slice(0, -3);
  return [...members].flatMap(([key, one]) =>
    key.startsWith(base) && /^[A-Z]/.test(key.slice(base.length)) ? [one] : [],
  );
}

function constantsOf(written: Written | undefined): (string | number | boolean)[] {
  return (written?.values ?? []).flatMap((one) => (one.kind === 'constant' ? [one.value] : []));
}
