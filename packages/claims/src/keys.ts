declare global {
  namespace Kindling {
    /** Give it a member `tenant` of the type of your `defineKinde` object, and unknown keys become compile errors. */
    // oxlint-disable-next-line typescript/no-empty-object-type, typescript/no-empty-interface
    interface Register {}
  }
}

/** What a feature flag can hold; `object` is a JSON flag. */
export type FlagValue = string | boolean | number | object;

/** Kinde's letters for the four types of flags: string, boolean, integer, JSON. */
export type FlagLetter = 's' | 'b' | 'i' | 'j';

/** Permission keys: those declared with `defineKinde`, else any text. */
export type PermissionKey = Kindling.Register extends { tenant: { permissions: infer Permissions } }
  ? keyof Permissions & string
  : string;

/** Role keys: those declared, else any text. */
export type RoleKey = Kindling.Register extends { tenant: { roles: infer Roles } }
  ? keyof Roles & string
  : string;

/** Flag codes: those declared, else any text. */
export type FlagCode = Kindling.Register extends { tenant: { flags: infer Flags } }
  ? keyof Flags & string
  : string;

/** The values that a flag declared like this can have. */
export type ValueOf<Declaration> = Declaration extends { values: readonly (infer Value)[] }
  ? Value
  : Declaration extends { type: infer Letter extends FlagLetter }
    ? {
        s: string;
        b: boolean;
        i: number;
        j: object;
      }[Letter]
    : FlagValue;

/** The values of a declared flag; any, where nothing is declared. */
export type DeclaredValue<Code> = Kindling.Register extends { tenant: { flags: infer Flags } }
  ? Code extends keyof Flags
    ? ValueOf<Flags[Code]>
    : never
  : FlagValue;

/** What a flag answers with: its declared values, else the type of the fallback (`'light'` is a string). */
export type AnsweredValue<Code, Fallback> = Kindling.Register extends { tenant: unknown }
  ? DeclaredValue<Code>
  : Widened<Fallback>;

type Widened<Value> = Value extends string
  ? string
  : Value extends boolean
    ? boolean
    : Value extends number
      ? number
      : Value;
