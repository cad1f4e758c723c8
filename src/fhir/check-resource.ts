import { type Issue, type IssueCode, issue } from '../kernel/errors.ts';
import { isJsonObject, type JsonObject } from '../kernel/json.ts';
import { LIMITS } from '../kernel/limits.ts';
import { NHS_NUMBER_SYSTEM } from './canonical.ts';
import type { CompiledMember, CompiledStructure, CompiledStructures } from './compile-structure.ts';
import { findOrphans } from './contained.ts';
import { type CompiledInvariant, createRuleEnvironment, isBroken, type RuleEnvironment } from './invariants.ts';
import { safeName } from './issue-place.ts';
import { isNhsNumber } from './nhs-number.ts';
import { parseReference } from './references.ts';
import { findExcess } from './size.ts';
import { isInValueSet } from './value-set.ts';

/** What the walk needs besides the structures. */
export interface CheckParts {
  readonly structures: CompiledStructures;
  readonly resourceTypes: ReadonlySet<string>;
  readonly modifierExtensions: ReadonlySet<string>;
}

/** Everything that is wrong with a resource by R4 and by our general rules; the second list, where there is one, is alone
 * worth telling: nothing else can be said of what has no type or no end. */
export interface Findings {
  readonly issues: readonly Issue[];
  readonly refusal: readonly Issue[];
}

export function checkResource(resource: JsonObject, parts: CheckParts): Findings {
  const walk = new ResourceWalk(parts);
  walk.checkRoot(resource);
  return { issues: walk.issues, refusal: walk.refusal };
}

/** The resource that is being walked, and the one that contains it (itself, outside of contained ones). */
interface Within {
  readonly resource: JsonObject;
  readonly container: JsonObject;
  environment: RuleEnvironment | undefined;
  contained: ReadonlyMap<string, JsonObject> | undefined;
}

/**
 * One walk over a resource that asks each value everything that R4 says of it, the cheap questions first. Where it
 * stands is kept as two lists, and only written out when there is something to tell.
 */
class ResourceWalk {
  readonly issues: Issue[] = [];
  refusal: Issue[] = [];
  readonly #parts: CheckParts;
  readonly #names: string[] = [];
  readonly #indexes: number[] = [];
  /** Objects and lists around the value at hand. */
  #level = 0;
  #within: Within;

  constructor(parts: CheckParts) {
    this.#parts = parts;
    this.#within = within({}, {});
  }

  checkRoot(resource: JsonObject): void {
    const structure = this.#structureOf(resource, 'resourceType', -1);
    if (structure === undefined) return;
    this.#names.push(String(resource.resourceType));
    this.#indexes.push(-1);
    this.#within = within(resource, resource);
    this.#checkResource(resource, structure, false);
  }

  /** Where `name[index]` of the object at hand is; -1 for no index. */
  #placeOf(name: string, index: number): string {
    let place = '';
    for (let at = 0; at < this.#names.length; at += 1) {
      if (at > 0) place += '.';
      place += safeName(this.#names[at] as string);
      if (this.#indexes[at] !== -1) place += `[${this.#indexes[at]}]`;
    }
    if (name === '') return place;
    const own = index === -1 ? safeName(name) : `${safeName(name)}[${index}]`;
    return place === '' ? own : `${place}.${own}`;
  }

  #report(code: IssueCode, text: string, name = '', index = -1): void {
    // As many again as are told, so that the errors among them can be told first.
    if (this.issues.length >= ISSUES_KEPT_MAX) return;
    this.issues.push(issue(code, text, { expression: this.#placeOf(name, index) }));
  }

  /** What is not walked is still measured: nothing may be nested deeper, or hold longer lists, than is allowed. */
  #measure(value: unknown): void {
    const found = findExcess(value, LIMITS.depthMax - this.#level);
    if (found !== undefined) this.#refuse(found);
  }

  #refuse(found: readonly Issue[]): void {
    if (this.refusal[0]?.code !== 'depth-too-large' && this.refusal[0]?.code !== 'fields-too-many')
      this.refusal = [...found];
  }

  /** The structure of a resource by its own word; what has none is told, and nothing else is. */
  #structureOf(value: JsonObject, name: string, index: number): CompiledStructure | undefined {
    const { resourceType } = value;
    const known = typeof resourceType === 'string' ? this.#parts.structures.resource(resourceType) : undefined;
    if (known !== undefined) return known;
    const text =
      resourceType === undefined
        ? 'A resource must say its resourceType.'
        : 'This is not the name of a resource type of FHIR R4. Check its spelling.';
    const expression = name === 'resourceType' ? name : `${this.#placeOf(name, index)}.resourceType`;
    this.refusal.push(issue('resource-type-unknown', text, { expression }));
    this.#measure(value);
    return undefined;
  }

  #checkResource(resource: JsonObject, structure: CompiledStructure, isContained: boolean): void {
    this.#checkObject(resource, structure);
    this.#checkInvariants(structure.invariants, resource);
    if (isContained || !Array.isArray(resource.contained)) return;
    for (const index of findOrphans(resource)) {
      const text = 'R4 rule dom-3 does not hold: nothing refers to this contained resource.';
      this.#report('resource-invalid', text, 'contained', index);
    }
  }

  #checkObject(value: JsonObject, structure: CompiledStructure): void {
    this.#level += 1;
    if (this.#level > LIMITS.depthMax) {
      this.#measure(value);
      this.#level -= 1;
      return;
    }
    let isEmpty = true;
    let given = 0;
    let choices = 0;
    const { members } = structure;
    for (const name in value) {
      isEmpty = false;
      const item = value[name];
      if (item === undefined) continue;
      const member = members.get(name);
      if (member === undefined) {
        this.#checkUnknown(name, item);
        continue;
      }
      given |= member.requiredBit;
      if (member.choiceBit !== 0) {
        if ((choices & member.choiceBit) !== 0) this.#checkChoices(value, structure, member);
        choices |= member.choiceBit;
      }
      if (!member.list) this.#checkValue(item, member, -1, value);
      else if (Array.isArray(item)) this.#checkList(item, member, value);
      else if (item === null) this.#reportNull(name, -1);
      else {
        this.#report('resource-invalid', 'This element is a list in R4: write it as a JSON array.', member.name);
        this.#measure(item);
      }
    }
    if (isEmpty) this.#report('element-empty', 'An empty object is not a value. Leave the element out.');
    if (given !== structure.requiredBits) this.#reportMissing(structure, given);
    this.#level -= 1;
  }

  #checkList(list: readonly unknown[], member: CompiledMember, parent: JsonObject): void {
    this.#level += 1;
    if (list.length === 0) {
      this.#report('element-empty', 'An empty list is not a value. Leave the element out.', member.name);
    } else if (list.length > LIMITS.listItemsMax || this.#level > LIMITS.depthMax) {
      this.#level -= 1;
      this.#measure(list);
      return;
    }
    for (let index = 0; index < list.length; index += 1) this.#checkValue(list[index], member, index, parent);
    this.#level -= 1;
  }

  #checkValue(value: unknown, member: CompiledMember, index: number, parent: JsonObject): void {
    if (value === null) {
      if (index === -1 || !hasPartner(member, index, parent)) this.#reportNull(member.name, index);
      return;
    }
    if (member.kind === 'primitive') {
      this.#checkPrimitive(value, member, index);
      return;
    }
    if (member.kind === 'type') return;
    if (typeof value !== 'object' || Array.isArray(value)) {
      this.#reportShape(value, member, index);
      return;
    }
    const object = value as JsonObject;
    if (member.kind === 'resource') {
      this.#checkInner(object, member, index);
      return;
    }
    const structure = member.structure();
    this.#names.push(member.name);
    this.#indexes.push(index);
    this.#checkObject(object, structure);
    if (member.kind !== 'object') this.#checkKind(object, member);
    if (member.binding !== undefined && !isInValueSet(object, member.type, member.binding.codes)) {
      this.#report('code-invalid', notInValueSet(member.binding.url));
    }
    if (member.simpleQuantity && object.comparator !== undefined) {
      this.#report('resource-invalid', 'A SimpleQuantity of R4 has no comparator.', 'comparator');
    }
    if (member.type === 'Extension') this.#checkExtension(object, structure);
    if (structure.invariants.length > 0) this.#checkInvariants(structure.invariants, object);
    if (member.invariants.length > 0) this.#checkInvariants(member.invariants, object);
    this.#names.pop();
    this.#indexes.pop();
  }

  #checkPrimitive(value: unknown, member: CompiledMember, index: number): void {
    const fault = member.check(value);
    if (fault !== undefined) {
      if (typeof value === 'object') this.#reportShape(value, member, index);
      else this.#report(fault.code, fault.text, member.name, index);
      return;
    }
    if (member.binding !== undefined && !member.binding.all.has(value as string)) {
      this.#report('code-invalid', notInValueSet(member.binding.url), member.name, index);
    }
    if (member.invariants.length > 0) this.#checkInvariants(member.invariants, value, member.name, index);
  }

  /** A resource in a resource: contained, or in an entry of a Bundle. */
  #checkInner(value: JsonObject, member: CompiledMember, index: number): void {
    const structure = this.#structureOf(value, member.name, index);
    if (structure === undefined) return;
    const outer = this.#within;
    const isContained = member.name === 'contained';
    this.#within = within(value, isContained ? outer.container : value);
    this.#names.push(member.name);
    this.#indexes.push(index);
    this.#checkResource(value, structure, isContained);
    if (member.invariants.length > 0) this.#checkInvariants(member.invariants, value);
    this.#names.pop();
    this.#indexes.pop();
    this.#within = outer;
  }

  #checkUnknown(name: string, value: unknown): void {
    if (name === 'resourceType') {
      const text = 'Only a resource may say resourceType. Remove it from this element.';
      this.refusal.push(issue('resource-invalid', text, { expression: this.#placeOf('', -1) }));
    } else {
      this.#report('resource-invalid', 'R4 has no such element here. Remove it, or check its spelling.', name);
    }
    this.#measure(value);
  }

  /** Of an element with several possible types, one is given (https://hl7.org/fhir/R4/formats.html#choice). */
  #checkChoices(value: JsonObject, structure: CompiledStructure, { choiceBit, name }: CompiledMember): void {
    for (const other in value) {
      const member = structure.members.get(other);
      if (member?.choiceBit !== choiceBit) continue;
      if (member.name !== name) {
        this.#report('resource-invalid', `Only one of ${member.name} and ${name} may be given.`, name);
      }
      return;
    }
  }

  #checkKind(value: JsonObject, { kind, targets }: CompiledMember): void {
    if (kind === 'reference') this.#checkReference(value, targets);
    else if (kind === 'identifier') this.#checkIdentifier(value);
    else if (kind === 'modifier') this.#checkModifier(value);
  }

  /** A reference points to a type that the element allows, and `#x` to a resource that is contained (ref-1). */
  #checkReference(value: JsonObject, targets: ReadonlySet<string> | undefined): void {
    const { reference } = value;
    if (typeof reference === 'string' && targets !== undefined && isToOneOf(reference, targets)) return;
    let type = typeof value.type === 'string' ? value.type : undefined;
    if (typeof reference === 'string') {
      if (reference.length > 1 && reference.startsWith('#')) {
        const found = this.#findContained(reference.slice(1));
        if (found === undefined) {
          const text = 'The reference names a contained resource that is not there.';
          this.#report('reference-unresolved', text, 'reference');
          return;
        }
        type = typeof found.resourceType === 'string' ? found.resourceType : undefined;
      } else {
        const parsed = parseReference(reference, this.#parts.resourceTypes);
        if (reference.endsWith('/') && this.#parts.resourceTypes.has(reference.slice(0, -1))) {
          const text = 'The reference has a type and no id.';
          this.#report('resource-invalid', text, 'reference');
          return;
        }
        type = parsed?.type ?? type;
      }
    }
    // A `type` may also be the address of a logical model, which says nothing about these names.
    if (type === undefined || targets === undefined || targets.has(type) || !this.#parts.resourceTypes.has(type))
      return;
    const text = `A ${type} cannot stand here. R4 allows: ${[...targets].join(', ')}.`;
    this.#report('resource-invalid', text, 'reference');
  }

  #findContained(id: string): JsonObject | undefined {
    const { container } = this.#within;
    this.#within.contained ??= indexContained(container);
    return this.#within.contained.get(id);
  }

  /** Every identifier that says it is an NHS number is one: modulus 11 holds, and it is not a dummy. */
  #checkIdentifier({ system, value }: JsonObject): void {
    if (system !== NHS_NUMBER_SYSTEM || value === undefined) return;
    if (typeof value === 'string' && isNhsNumber(value)) return;
    const text =
      'This is not an NHS number: ten digits without spaces, the last the modulus 11 check digit, and not one digit ' +
      'repeated. A person whose number is not known has no such identifier.';
    this.#report('nhs-number-invalid', text, 'value');
  }

  /** https://hl7.org/fhir/R4/extensibility.html#modifierExtension: understood, or refused. */
  #checkModifier({ url }: JsonObject): void {
    if (typeof url === 'string' && this.#parts.modifierExtensions.has(url)) return;
    const text =
      'Ginnel does not know this modifierExtension, so it cannot tell what the element means. Send it without.';
    this.#report('modifier-extension-unknown', text);
  }

  /** ext-1: an extension has a value or extensions, not both. */
  #checkExtension(value: JsonObject, { choices }: CompiledStructure): void {
    const values = choices.get('value') ?? [];
    let hasValue = false;
    for (const name in value) hasValue ||= name.startsWith('value') || name.startsWith('_value');
    if (values.length === 0 || hasValue !== (value.extension !== undefined)) return;
    this.#report('resource-invalid', 'R4 rule ext-1 does not hold: Must have either extensions or value[x], not both.');
  }

  #checkInvariants(list: readonly CompiledInvariant[], value: unknown, name = '', index = -1): void {
    for (const { key, human, expression, onlyWith } of list) {
      if (onlyWith !== undefined && !hasOneOf(value as JsonObject, onlyWith)) continue;
      const here = this.#within;
      here.environment ??= createRuleEnvironment(here.resource, here.container);
      if (!isBroken(expression, value, here.environment)) continue;
      this.#report('resource-invalid', `R4 rule ${key} does not hold: ${human}.`, name, index);
    }
  }

  #reportMissing({ required }: CompiledStructure, given: number): void {
    for (const { name, bit } of required) {
      if ((given & bit) === 0) this.#report('element-required', 'R4 requires this element.', name);
    }
  }

  #reportNull(name: string, index: number): void {
    const text = 'A null may stand only in a list, beside an extension of that item.';
    this.#report('resource-invalid', text, name, index);
  }

  #reportShape(value: unknown, member: CompiledMember, index: number): void {
    if (Array.isArray(value) && index === -1) {
      this.#report('resource-invalid', 'This element is single in R4: write it without a JSON array.', member.name);
    } else {
      const text = 'The JSON type is wrong for this element (text, number, true/false or object).';
      this.#report('resource-invalid', text, member.name, index);
    }
    this.#measure(value);
  }
}

/** More than are told: errors may come after warnings. */
const ISSUES_KEPT_MAX = 2 * LIMITS.resourceIssuesMax;

function within(resource: JsonObject, container: JsonObject): Within {
  return { resource, container, environment: undefined, contained: undefined };
}

function indexContained({ contained }: JsonObject): ReadonlyMap<string, JsonObject> {
  const list = Array.isArray(contained) ? contained.filter(isJsonObject) : [];
  return new Map(list.map((one) => [typeof one.id === 'string' ? one.id : '', one]));
}

/** `given: [null, "B"]` goes with `_given: [{…}, null]` (https://hl7.org/fhir/R4/json.html#primitive). */
function hasPartner({ kind, name }: CompiledMember, index: number, parent: JsonObject): boolean {
  if (kind !== 'primitive' && kind !== 'beside') return false;
  const other = parent[kind === 'beside' ? name : `_${name}`];
  return Array.isArray(other) && other[index] !== undefined && other[index] !== null;
}

/** `Patient/1` where a Patient may stand: what most references are. */
function isToOneOf(reference: string, targets: ReadonlySet<string>): boolean {
  const slash = reference.indexOf('/');
  return (
    slash > 0 &&
    slash + 1 < reference.length &&
    reference.indexOf('/', slash + 1) === -1 &&
    targets.has(reference.slice(0, slash))
  );
}

function hasOneOf(value: JsonObject, names: readonly string[]): boolean {
  for (const name of names) if (value[name] !== undefined) return true;
  return false;
}

function notInValueSet(url: string): string {
  return `The code is not in the value set that R4 requires here: ${url}.`;
}
