/**
 * Where sessions may live outside the cookie. Ids are hashed and values are sealed: a store never sees a token.
 * The first three methods are enough for one process; with `swap`, processes agree on who renews a session, and with groups,
 * all sessions of a person can be found.
 */
export interface SessionStore {
  /** The value last set under this id, or `undefined` when there is none or its time is over. */
  get(id: string): Promise<string | undefined>;
  /** Keeps `value` for `maxAge` seconds. */
  set(id: string, value: string, maxAge: number): Promise<void>;
  delete(id: string): Promise<void>;
  /**
   * In one step: if the value is `from` (`undefined`: none), makes it `to` (`undefined`: none) for `maxAge` seconds.
   * Answers whether it did. Locks, fences and remembered results are all made of this.
   */
  compareAndSet?(
    id: string,
    from: string | undefined,
    change: { to: string | undefined; maxAge: number },
  ): Promise<boolean>;
  /** Adds an id to a group, for `maxAge` seconds from now. */
  addToGroup?(group: string, id: string, maxAge: number): Promise<void>;
  /** Ids of a group whose time is not over. Some may be deleted already. */
  groupMembers?(group: string): Promise<string[]>;
}
