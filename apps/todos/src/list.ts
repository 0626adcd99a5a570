import type { Auth } from '@kindling/core';

/** One thing to do. */
export interface Todo {
  readonly id: string;
  readonly title: string;
  readonly done: boolean;
  readonly by: string;
}

/** Todos per organization, in memory: this is an example, not a database. */
export interface TodoList {
  all(auth: Auth): readonly Todo[];
  /** The new todo, or why it could not be added. */
  add(auth: Auth, title: string): Todo | string;
  toggle(auth: Auth, id: string): void;
  remove(auth: Auth, id: string): void;
}

/** An empty list. What a person sees and may do is decided by the organization and flags in their token. */
export function createTodoList(): TodoList {
  const byOrganization = new Map<string, readonly Todo[]>();
  const keyOf = (auth: Auth) => auth.getOrganization()?.orgCode ?? 'none';
  const all = (auth: Auth) => byOrganization.get(keyOf(auth)) ?? [];
  return {
    all,
    add(auth, title) {
      const limit = auth.getFlag('todo_limit', 3).value;
      const text = title.trim().slice(0, 200);
      if (!text) {
        return 'A todo needs a title.';
      }
      if (all(auth).length >= limit) {
        return `Your organization’s plan allows ${limit} todos. Finish or remove one first.`;
      }
      const todo = {
        id: crypto.randomUUID(),
        title: text,
        done: false,
        by: auth.isAuthenticated ? (auth.user.givenName ?? auth.user.email ?? '') : '',
      };
      byOrganization.set(keyOf(auth), [...all(auth), todo]);
      return todo;
    },
    toggle(auth, id) {
      byOrganization.set(
        keyOf(auth),
        all(auth).map((todo) => (todo.id === id ? { ...todo, done: !todo.done } : todo)),
      );
    },
    remove(auth, id) {
      byOrganization.set(
        keyOf(auth),
        all(auth).filter((todo) => todo.id !== id),
      );
    },
  };
}
