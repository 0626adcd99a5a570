// Stores for sessions outside the cookie: their contract, three implementations, and a timeout around all of them.

/**
 * Keeps sessions outside the cookie. Ids are hashed and values are encrypted: a store never sees a token. `get`, `set` and
 * `delete` are enough for one process; `compareAndSet` coordinates refreshes between processes, and groups find all sessions
 * of a user. Every method rejects where the store cannot do its work.
 */
export interface SessionStore {
  /**
   * Reads the value last set under an id; `undefined` where there is none or it expired.
   * @param id up to 128 characters of base64url
   */
  get(id: string): Promise<string | undefined>;
  /**
   * Keeps a value under an id, in place of any other.
   * @param value any text, up to some 100 KB
   * @param maxAge seconds after which the value expires
   */
  set(id: string, value: string, maxAge: number): Promise<void>;
  /** Deletes the value of an id, if there is one. */
  delete(id: string): Promise<void>;
  /**
   * Replaces a value in one atomic step, if it is still the expected one. Locks and shared results are built on this.
   * @param from the expected value; `undefined` for none
   * @param change `to` is the new value (`undefined` deletes it), `maxAge` the seconds after which it expires
   * @returns whether the value was the expected one
   */
  compareAndSet?(
    id: string,
    from: string | undefined,
    change: { to: string | undefined; maxAge: number },
  ): Promise<boolean>;
  /**
   * Adds an id to a group; an id that is in the group already stays there for the new time.
   * @param maxAge seconds after which the membership expires
   */
  addToGroup?(group: string, id: string, maxAge: number): Promise<void>;
  /** Lists the ids of a group whose membership has not expired, in any order. Some may be deleted already. */
  groupMembers?(group: string): Promise<string[]>;
}
