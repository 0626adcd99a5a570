declare global {
  namespace Kindling {
    /** Registers your declaration: with a member `tenant` of the type of your `defineKinde` object, unknown keys are compile errors. */
    // oxlint-disable-next-line typescript/no-empty-object-type, typescript/no-empty-interface
    interface Register {}
  }
}

/** The value of a feature flag; `object` for a JSON flag. */
export type FlagValue = string | boolean | number | object;

/** Kinde's letters for the four types of flags: string, boolean, integer, JSON. */
export type FlagLetter = 's' | 'b' | 'i' | 'j';

/** The keys of one part of the registered declaration; any text where none is registered. */
type DeclaredKey<Part extends string> = Kindling.Register extends {
  tenant: { [Name in Part]: infer Members };
}
  ? keyof Members & string
  : string;

/** A permission key: a declared one where `defineKinde` is registered, else any text. */
export type PermissionKey = DeclaredKey<'permissions'>;

/** A role key: a declared one where `defineKinde` is registered, else any text. */
export type RoleKey = DeclaredKey<'roles'>;

/** A flag code: a declared one where `defineKinde` is registered, else any text. */
export type FlagCode = DeclaredKey<'flags'>;

/** The values of a flag with this declaration. */
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

/** The values of a declared flag; any value where nothing is registered. */
export type DeclaredValue<Code> = Kindling.Register extends { tenant: { flags: infer Flags } }
  ? Code extends keyof Flags
    ? ValueOf<Flags[Code]>
    : never
  : FlagValue;

/** The type of an answer's value: the declared values, else the type of the fallback (`'light'` is a string). */
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
