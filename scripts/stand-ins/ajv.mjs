// Replaces ajv and ajv-formats, with their dependencies three quarters of conf's code. conf calls them only if it is
// given a schema, and profiles/write.ts gives none.
export class Ajv2020 {
  constructor() {
    throw new Error('conf was given a schema: see profiles/write.ts');
  }
}
export default {};
