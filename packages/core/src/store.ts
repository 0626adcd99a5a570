/** Where sessions may live outside the cookie. Ids are hashed and values are sealed: a store never sees a token. */
export interface SessionStore {
  /** The value last set under this id, or `undefined` when there is none or its time is over. */
  get(id: string): Promise<string | undefined>;
  /** Keeps `value` for `maxAge` seconds. */
  set(id: string, value: string, maxAge: number): Promise<void>;
  delete(id: string): Promise<void>;
}
