export { PAGE_HEADERS } from './layout.js';
export { createTodoList, type Todo, type TodoList } from './list.js';
export { landingPage, notFoundPage, problemPage, profilePage, todosPage } from './pages.js';
export { createMembers, type Members } from './members.js';
export { sessionsPage } from './sessions.js';
