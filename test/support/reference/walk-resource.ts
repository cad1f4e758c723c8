import type { Definitions } from '../../../src/fhir/definitions.ts';
import type { Property, Structure } from '../../../src/fhir/structure.ts';
import { isJsonObject, type JsonObject } from '../../../src/kernel/json.ts';

/** One value in a resource, with what R4 says about it. */
export interface VisitedElement {
  readonly value: unknown;
  readonly property: Property;
  /** The resource it stands in, which may be a contained one. */
  readonly resource: JsonObject;
  /** The resource that holds the contained ones; the same as `resource` outside them. */
  readonly container: JsonObject;
  /** FHIRPath of the value: `CarePlan.activity[2].detail.status`. Built when asked for. */
  expression(): string;
}

export type ElementVisitor = (element: VisitedElement) => void;

interface Step {
  readonly parent: Step | undefined;
  readonly name: string;
  readonly index: number | undefined;
}

/** What a resource itself is visited as. */
const ROOT: Property = {
  name: '',
  type: 'Resource',
  list: false,
  required: false,
  summary: false,
  choice: undefined,
  targets: undefined,
  valueSet: undefined,
  inner: undefined,
  simpleQuantity: false,
  invariants: [],
};

/**
 * Visits a resource and every value in it that R4 has a definition for, once, contained resources, Bundle entries and
 * the extensions of primitives included. Values that R4 does not know are passed over: validateResource reports them.
 */
export function walkResource(resource: JsonObject, definitions: Definitions, visit: ElementVisitor): void {
  const type = String(resource.resourceType);
  visit({ value: resource, property: ROOT, resource, container: resource, expression: () => type });
  walkOne(resource, resource, { parent: undefined, name: type, index: undefined }, definitions, visit);
}

function walkOne(
  resource: JsonObject,
  container: JsonObject,
  at: Step,
  definitions: Definitions,
  visit: ElementVisitor,
): void {
  const walkStructure = (value: JsonObject, structure: Structure, step: Step): void => {
    for (const [name, member] of Object.entries(value)) {
      const primitive = name.startsWith('_');
      const property = structure.properties.get(primitive ? name.slice(1) : name);
      if (property === undefined) continue;
      if (Array.isArray(member)) {
        member.forEach((item, index) => {
          walkValue(item, property, primitive, { parent: step, name: property.name, index });
        });
      } else {
        walkValue(member, property, primitive, { parent: step, name: property.name, index: undefined });
      }
    }
  };

  const walkValue = (value: unknown, property: Property, primitive: boolean, step: Step): void => {
    if (value === null) return;
    if (primitive) {
      const element = definitions.structure('Element');
      if (isJsonObject(value) && element !== undefined) walkStructure(value, element, step);
      return;
    }
    visit({ value, property, resource, container, expression: () => formatSteps(step) });
    if (!isJsonObject(value)) return;
    if (property.type === 'Resource') {
      walkOne(value, property.name === 'contained' ? container : value, step, definitions, visit);
      return;
    }
    const structure = property.inner?.() ?? definitions.structure(property.type);
    if (structure !== undefined) walkStructure(value, structure, step);
  };

  const structure = definitions.structure(String(resource.resourceType));
  if (structure !== undefined) walkStructure(resource, structure, at);
}

function formatSteps(step: Step): string {
  const own = step.index === undefined ? step.name : `${step.name}[${step.index}]`;
  return step.parent === undefined ? own : `${formatSteps(step.parent)}.${own}`;
}
