/** As much of JSON Schema as our schema uses; a keyword that it does not know is an error, not a pass. */
import type { Schema } from '../../../src/control/status/shape.ts';

type Defs = Readonly<Record<string, Schema>>;

const KNOWN = new Set([
  'type',
  'description',
  'enum',
  'pattern',
  'minimum',
  'items',
  'properties',
  'required',
  'additionalProperties',
  'anyOf',
  '$ref',
]);

/** What is wrong with the value, each with its place; empty if nothing is. */
export function faults(value: unknown, schema: Schema, defs: Defs, at = '$'): readonly string[] {
  const unknown = Object.keys(schema).filter((keyword) => !KNOWN.has(keyword));
  if (unknown.length > 0) return [`${at}: the schema says ${unknown.join(', ')}`];
  if (schema.$ref !== undefined) {
    const target = defs[schema.$ref.replace('#/$defs/', '')];
    return target ? faults(value, target, defs, at) : [`${at}: no definition ${schema.$ref}`];
  }
  if (schema.anyOf) {
    const tried = schema.anyOf.map((one) => faults(value, one, defs, at));
    return tried.some((found) => found.length === 0) ? [] : [`${at}: none of ${tried.flat().join(' | ')}`];
  }
  if (schema.type !== undefined && !isOf(value, schema.type)) return [`${at}: no ${schema.type}`];
  if (typeof value === 'string') return textFaults(value, schema, at);
  if (typeof value === 'number' && value < (schema.minimum ?? value)) return [`${at}: below ${schema.minimum}`];
  const { items } = schema;
  if (Array.isArray(value)) return items ? value.flatMap((e, i) => faults(e, items, defs, `${at}[${i}]`)) : [];
  return typeof value === 'object' && value !== null ? memberFaults(value, schema, defs, at) : [];
}

function isOf(value: unknown, type: NonNullable<Schema['type']>): boolean {
  if (type === 'array') return Array.isArray(value);
  if (type === 'null') return value === null;
  if (type === 'integer') return Number.isInteger(value);
  return typeof value === type && value !== null && !Array.isArray(value);
}

function textFaults(value: string, { enum: words, pattern }: Schema, at: string): string[] {
  if (words && !words.includes(value)) return [`${at}: ${value} is none of ${words.join(', ')}`];
  return pattern !== undefined && !new RegExp(pattern).test(value) ? [`${at}: ${value} is not ${pattern}`] : [];
}

function memberFaults(value: object, schema: Schema, defs: Defs, at: string): string[] {
  const { properties = {}, required = [], additionalProperties = true } = schema;
  const missing = required.filter((name) => !Object.hasOwn(value, name)).map((name) => `${at}.${name}: missing`);
  const wrong = Object.entries(value).flatMap(([name, member]) => {
    if (Object.hasOwn(properties, name)) return faults(member, properties[name], defs, `${at}.${name}`);
    if (additionalProperties === false) return [`${at}.${name}: not in the schema`];
    return additionalProperties === true ? [] : faults(member, additionalProperties, defs, `${at}.${name}`);
  });
  return [...missing, ...wrong];
}
