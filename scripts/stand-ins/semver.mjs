// Replaces semver, half of conf's code apart from ajv. conf calls it only for migrations, and profiles/write.ts has
// none.
function refuse() {
  throw new Error('conf was given migrations: see profiles/write.ts');
}

export default { clean: refuse, eq: refuse, gt: refuse, lte: refuse, satisfies: refuse };
