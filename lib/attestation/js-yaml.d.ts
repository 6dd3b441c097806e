/** The part of js-yaml that is used here; it brings no types. */
declare module "js-yaml" {
  export const CORE_SCHEMA: unique symbol;
  export function load(text: string, options: { schema: typeof CORE_SCHEMA }): unknown;
}
