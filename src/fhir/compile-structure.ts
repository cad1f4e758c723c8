import type { Definitions, ValueSetCodes } from './definitions.ts';
import { type CompiledInvariant, compileInvariants } from './invariants.ts';
import { type CheckPrimitive, checkResourceId, primitiveCheck } from './primitives.ts';
import type { Invariant, Property, Structure } from './structure.ts';

/** What R4 says of an object, in the form that one walk over a resource asks it. */
export interface CompiledStructure {
  /** By the name of the member in JSON: `birthDate`, and `_birthDate` for what stands beside it. */
  readonly members: ReadonlyMap<string, CompiledMember>;
  readonly required: readonly RequiredElement[];
  /** The bits of all that is required. */
  readonly requiredBits: number;
  readonly choices: Structure['choices'];
  readonly invariants: readonly CompiledInvariant[];
}

/** An element that must be there; of a choice, one of its types. */
export interface RequiredElement {
  readonly name: string;
  readonly bit: number;
}

export interface CompiledMember {
  /** The element's name, also where the member is `_name`. */
  readonly name: string;
  readonly type: string;
  readonly kind: 'primitive' | 'beside' | 'object' | 'reference' | 'identifier' | 'modifier' | 'resource' | 'type';
  readonly list: boolean;
  /** The bit of the required element that it fulfils; 0 for none. */
  readonly requiredBit: number;
  /** The bit of the choice that it belongs to; 0 for none. */
  readonly choiceBit: number;
  readonly check: CheckPrimitive;
  readonly binding: CodeBinding | undefined;
  readonly targets: ReadonlySet<string> | undefined;
  readonly simpleQuantity: boolean;
  readonly structure: () => CompiledStructure;
  readonly invariants: readonly CompiledInvariant[];
}

export interface CodeBinding {
  readonly url: string;
  readonly codes: ValueSetCodes;
  /** The codes of all its systems, for what says no system. */
  readonly all: ReadonlySet<string>;
}

/** Types by name, each compiled when first asked for. */
export interface CompiledStructures {
  /** Undefined for a name that is not a resource type of R4. */
  resource(type: string): CompiledStructure | undefined;
}

export function compileStructures(definitions: Definitions): CompiledStructures {
  const types = new Map<string, CompiledStructure>();
  const inner = new Map<Structure, CompiledStructure>();
  const bindings = new Map<string, CodeBinding | undefined>();

  const bindingOf = (url: string | undefined): CodeBinding | undefined => {
    if (url === undefined) return undefined;
    if (!bindings.has(url)) {
      const codes = definitions.valueSet(url);
      const all = new Set([...(codes?.values() ?? [])].flatMap((list) => [...list]));
      bindings.set(url, codes === undefined ? undefined : { url, codes, all });
    }
    return bindings.get(url);
  };

  const typeOf = (name: string): CompiledStructure => {
    const known = types.get(name);
    if (known !== undefined) return known;
    const structure = definitions.structure(name);
    if (structure === undefined) throw new Error(`the definitions of R4 are not whole: no type ${name}`);
    const made = compile(structure, structure.invariants, definitions.resourceTypes.has(name));
    types.set(name, made);
    return made;
  };

  const innerOf = (structure: Structure): CompiledStructure => {
    const known = inner.get(structure);
    if (known !== undefined) return known;
    const made = compile(structure, [], false);
    inner.set(structure, made);
    return made;
  };

  const compile = (structure: Structure, own: readonly Invariant[], isResource: boolean): CompiledStructure => {
    const required: RequiredElement[] = [];
    const choiceNames = [...structure.choices.keys()];
    const members = new Map<string, CompiledMember>();
    for (const property of structure.properties.values()) {
      const element = property.choice ?? property.name;
      if (property.required && !required.some(({ name }) => name === element)) {
        required.push({ name: element, bit: 1 << required.length });
      }
      const member = compileMember(property, {
        requiredBit: property.required ? (required.find(({ name }) => name === element)?.bit ?? 0) : 0,
        choiceBit: property.choice === undefined ? 0 : 1 << choiceNames.indexOf(property.choice),
        isResourceId: isResource && property.name === 'id',
      });
      members.set(member.name, member);
      if (member.kind === 'primitive' && property.type !== 'xhtml') {
        members.set(`_${member.name}`, { ...member, kind: 'beside', structure: () => typeOf('Element') });
      }
    }
    if (isResource) members.set('resourceType', { ...TYPE_MEMBER, structure: () => typeOf('Element') });
    const requiredBits = required.reduce((bits, { bit }) => bits | bit, 0);
    const invariants = compileInvariants(own, structure);
    return { members, required, requiredBits, choices: structure.choices, invariants };
  };

  const compileMember = (
    property: Property,
    place: { readonly requiredBit: number; readonly choiceBit: number; readonly isResourceId: boolean },
  ): CompiledMember => {
    const { name, type, list, targets, simpleQuantity } = property;
    const check = place.isResourceId ? checkResourceId : primitiveCheck(type);
    // What stands on an element of a data type is often said of the type as well.
    const ofType = new Set(
      check !== undefined || property.inner !== undefined || type === 'Resource'
        ? []
        : definitions.structure(type)?.invariants.map(({ key }) => key),
    );
    const shape = check === undefined ? (property.inner?.() ?? definitions.structure(type)) : undefined;
    const own = property.invariants.filter(({ key }) => !ofType.has(key));
    return {
      name,
      type,
      kind: check === undefined ? kindOf(property) : 'primitive',
      list,
      requiredBit: place.requiredBit,
      choiceBit: place.choiceBit,
      check: check ?? NO_CHECK,
      binding: bindingOf(property.valueSet),
      targets,
      simpleQuantity,
      structure:
        property.inner === undefined ? () => typeOf(type) : () => innerOf((property.inner as () => Structure)()),
      invariants: compileInvariants(own, shape),
    };
  };

  return { resource: (type) => (definitions.resourceTypes.has(type) ? typeOf(type) : undefined) };
}

const NO_CHECK: CheckPrimitive = () => undefined;

/** `resourceType` of a resource, which chose the structure and so is right already. */
const TYPE_MEMBER: Omit<CompiledMember, 'structure'> = {
  name: 'resourceType',
  type: 'code',
  kind: 'type',
  list: false,
  requiredBit: 0,
  choiceBit: 0,
  check: NO_CHECK,
  binding: undefined,
  targets: undefined,
  simpleQuantity: false,
  invariants: [],
};

function kindOf({ name, type }: Property): CompiledMember['kind'] {
  if (type === 'Resource') return 'resource';
  if (name === 'modifierExtension') return 'modifier';
  if (type === 'Reference') return 'reference';
  return type === 'Identifier' ? 'identifier' : 'object';
}
