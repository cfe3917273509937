/**
 * What the API's description says of a value: its type in a few signs, an example of it, and a call with it for the command line.
 * @typedef {Record<string, any>} Schema
 * @typedef {{method: string, path: string, operation: Schema}} Call
 */

const SHAPE = "#/components/schemas/";
const BOUNDS = { minimum: "≥", exclusiveMinimum: ">", maximum: "≤", exclusiveMaximum: "<" };

/** The type: texts, and the names of shapes as {shape}. @param {Schema} schema @returns {(string | {shape: string})[]} */
export function typeOf(schema) {
  const choices = schema.anyOf ?? schema.oneOf;
  if (schema.$ref) return [{ shape: schema.$ref.slice(SHAPE.length) }];
  if (choices) return choices.flatMap((/** @type {Schema} */ one, /** @type {number} */ index) => (index ? [" | ", ...typeOf(one)] : typeOf(one)));
  if ("const" in schema) return [JSON.stringify(schema.const)];
  if (schema.enum) return [schema.enum.map((/** @type {unknown} */ one) => JSON.stringify(one)).join(" | ")];
  if (schema.type === "array") return [...typeOf(schema.items ?? {}), "[]"];
  if (schema.type === "object" && typeof schema.additionalProperties === "object") return ["{name: ", ...typeOf(schema.additionalProperties), "}"];
  const bounds = Object.entries(BOUNDS).filter(([name]) => name in schema).map(([name, sign]) => `${sign} ${schema[name]}`);
  return [[schema.type ?? "any", ...bounds].join(" ")];
}

/** A value that the schema allows: the example that it gives, else as little as may be. @param {Schema} schema @param {Record<string, Schema>} shapes @returns {unknown} */
export function sample(schema, shapes) {
  if (schema.$ref) return sample(shapes[schema.$ref.slice(SHAPE.length)], shapes);
  if (schema.examples) return schema.examples[0];
  return Object.fromEntries((schema.required ?? []).map((/** @type {string} */ name) => [name, name.toUpperCase()]));
}

/** The call as a command. Names in capitals are for the reader to replace. @param {Call} call @param {string} origin @param {Record<string, Schema>} shapes */
export function curl({ method, path, operation }, origin, shapes) {
  const needed = (operation.parameters ?? []).filter((/** @type {Schema} */ one) => one.in === "query" && one.required);
  const query = needed.map((/** @type {Schema} */ { name, schema }) => `${name}=${schema.minimum ?? name.toUpperCase()}`).join("&");
  const url = `${origin}${path.replace(/\{(\w+)\}/g, (_, name) => name.toUpperCase())}${query && `?${query}`}`;
  const streams = Object.keys(operation.responses?.[200]?.content ?? {}).includes("text/event-stream");
  const [kind, body] = Object.entries(operation.requestBody?.content ?? {})[0] ?? [];
  const data = !kind ? null : kind === "application/json" ? `-d ${quoted(JSON.stringify(sample(body.schema, shapes)))}` : "--data-binary @FILE";
  return [["curl", streams && "-N", method !== "get" && `-X ${method.toUpperCase()}`, quoted(url)].filter(Boolean).join(" "),
    ...(data ? [`-H ${quoted(`Content-Type: ${kind}`)}`, data] : [])].join(" \\\n  ");
}

/** As one word of a shell. @param {string} text */
const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
