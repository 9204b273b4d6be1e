import { type FileMetaData, parquetSchema, type SchemaElement, type SchemaTree } from 'hyparquet';
import { isListLike, isMapLike } from 'hyparquet/src/schema.js';
import { setOwn } from '../model/json.ts';
import { damaged } from './damage.ts';
import { isJsonObject } from './jsonObject.ts';
import { limitExceeded } from './limits.ts';
import { parquetValue, type ToValue } from './parquetValue.ts';

export interface ParquetColumn {
  readonly name: string;
  /** What the file says of it, where it is neither nested nor a list. */
  readonly flat: SchemaElement | undefined;
  /** All that its values mean something by, as text. */
  readonly description: string;
  /** What a value that the library read is to us. */
  readonly toValue: ToValue;
}

/**
 * The columns, in their order.
 * @throws AdpError DATA_ERROR where two have one name; the error of `limitExceeded` where they nest too deep
 */
export function parquetColumns(metadata: FileMetaData, maxDepth: number): ParquetColumn[] {
  const columns = parquetSchema(metadata).children.map((node) => ({
    name: node.element.name,
    flat: node.children.length === 0 && node.element.repetition_type !== 'REPEATED' ? node.element : undefined,
    description: JSON.stringify(elementsOf(node)),
    toValue: conversion(node, maxDepth, 1),
  }));
  const names = columns.map(({ name }) => name);
  const repeated = names.find((name, index) => names.indexOf(name) !== index);
  if (repeated !== undefined) {
    throw damaged(`The Parquet file has more than one column ${JSON.stringify(repeated)}.`);
  }
  return columns;
}

/**
 * The schema that makes the library leave alone what it would round or refuse: decimals, moments, intervals, BSON.
 * These come as the plain numbers and bytes that are in the file.
 */
export function rawSchema(schema: readonly SchemaElement[]): SchemaElement[] {
  return schema.map((element) => {
    const { converted_type: converted, logical_type: logical, ...rest } = element;
    const isKept =
      rest.num_children !== undefined ||
      keptTypes.has(logical?.type ?? '') ||
      keptTypes.has(converted ?? '') ||
      (converted?.startsWith('UINT') ?? false);
    return isKept ? element : rest;
  });
}

const keptTypes = new Set(['STRING', 'UTF8', 'INTEGER', 'FLOAT16']);

function elementsOf({ element, children }: SchemaTree): unknown[] {
  return [element, ...children.map(elementsOf)];
}

/** Follows how the library puts nested values together. */
function conversion(node: SchemaTree, maxDepth: number, depth: number): ToValue {
  if (node.element.name === '__proto__' && node.path.length > 1) {
    throw damaged('The Parquet file has a nested field named __proto__, which is not read.');
  }
  const convert = ofOne(node, maxDepth, depth);
  return node.element.repetition_type === 'REPEATED' ? listOf(convert) : nullOr(convert);
}

function ofOne(node: SchemaTree, maxDepth: number, depth: number): ToValue {
  if (depth > maxDepth) {
    throw limitExceeded('levels of a Parquet schema', maxDepth);
  }
  if (isListLike(node)) {
    const [repeated] = node.children;
    const [inner] = repeated?.children ?? [];
    const item = repeated?.children.length === 1 ? inner : repeated;
    return item ? listOf(nullOr(ofOne(item, maxDepth, depth + 1))) : () => null;
  }
  if (isMapLike(node)) {
    const value = node.children[0]?.children[1];
    return value ? objectOf(() => conversion(value, maxDepth, depth + 1)) : () => null;
  }
  if (node.children.length > 0) {
    const fields = new Map(node.children.map((child) => [child.element.name, conversion(child, maxDepth, depth + 1)]));
    return objectOf((name) => fields.get(name));
  }
  return parquetValue(node.element);
}

function nullOr(convert: ToValue): ToValue {
  return (value) => (value === undefined || value === null ? null : convert(value));
}

function listOf(convert: ToValue): ToValue {
  return (value) => (Array.isArray(value) ? value.map(convert) : null);
}

function objectOf(fieldOf: (name: string) => ToValue | undefined): ToValue {
  return (value) => {
    if (!isJsonObject(value)) {
      return null;
    }
    const converted: Record<string, unknown> = {};
    for (const [name, field] of Object.entries(value)) {
      setOwn<unknown>(converted, name, fieldOf(name)?.(field) ?? null);
    }
    return converted;
  };
}
