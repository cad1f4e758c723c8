import { choiceKey, choiceKeys, elementNamesOf, elementTypes, isResourceType } from '../fhirpath/fhir-types.ts';
import { explainMember, memberType, type StaticType } from '../fhirpath/static-type.ts';
import type { Found, Shape } from './shape.ts';

/** What FHIR R4 says of the elements of a type, or of one of several types; undefined where it says nothing. */
export function shapeOfFhirType(type: StaticType): FhirShape | undefined {
  return type === 'open' || type === 'any' ? undefined : new FhirShape(type);
}

export class FhirShape implements Shape {
  readonly type: ReadonlySet<string>;

  constructor(type: ReadonlySet<string>) {
    this.type = type;
  }

  member(name: string): Found {
    // No element, but a member of the JSON that the expressions read.
    if (name === 'resourceType' && this.isResource()) return undefined;
    const found = memberType(this.type, name);
    return found === undefined ? 'absent' : shapeOfFhirType(found);
  }

  names(): readonly string[] {
    return [...this.type].flatMap(elementNamesOf);
  }

  explain(name: string): string {
    return explainMember(this.type, name);
  }

  /** Whether a path from here may start with the name of a resource type. */
  isResource(): boolean {
    return [...this.type].some(isResourceType);
  }
}

/** The names that an element has in JSON: of a choice such as `deceased` all its spellings. Undefined for no element. */
export function jsonNames(type: string, name: string): string[] | undefined {
  const element = elementTypes(type, name);
  if (element !== undefined) return element.isChoice ? element.types.map((one) => choiceKey(name, one)) : [name];
  return choiceOfKey(name).some((base) => elementTypes(type, base)?.isChoice === true) ? [name] : undefined;
}

/** Every other spelling of the choice that a JSON name belongs to; none for a name that is no spelling of a choice. */
export function otherSpellings(key: string): string[] {
  const names = choiceOfKey(key).flatMap((base) => (choiceKeys(base) ?? []).map((choice) => choice.key));
  return [...new Set(names)].filter((name) => name !== key);
}

/** `deceased` for `deceasedDateTime`: the choices that have this spelling. */
function choiceOfKey(key: string): string[] {
  const bases: string[] = [];
  for (let cut = 1; cut < key.length; cut += 1) {
    const base = key.slice(0, cut);
    if (choiceKeys(base)?.some((choice) => choice.key === key) === true) bases.push(base);
  }
  return bases;
}
