export * from './call';
export * from './live';
export * from './problem';
export * from './queries';
export type * from './schema.gen';
export { topicsOf } from './refresh';
export type { Topic } from './refresh';
export type { LiveState } from './stream';
