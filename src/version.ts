// The version of the package and its commit; the build defines them, so that no file is read at startup.
declare const ATLANTIS_VERSION: string | undefined;
declare const ATLANTIS_COMMIT: string | undefined;

/** As in package.json; `0.0.0` when the sources run unbuilt. */
export const VERSION: string = typeof ATLANTIS_VERSION === 'string' ? ATLANTIS_VERSION : '0.0.0';

/** The beginning of the commit's hash; `unknown` if the package was not built from a Git repository. */
export const COMMIT: string = typeof ATLANTIS_COMMIT === 'string' ? ATLANTIS_COMMIT : 'unknown';
