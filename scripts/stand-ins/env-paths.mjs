// Replaces env-paths, which throws as soon as it is loaded where a user has no home directory. conf asks it for a
// directory only if it was given none, and profiles/write.ts always gives one.
export default () => {
  throw new Error('conf was given no directory: see profiles/write.ts');
};
