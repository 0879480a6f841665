// The version of the package, set by the build, so that no file is read at start-up.
declare const ATLANTIS_VERSION: string | undefined;

/** As in package.json; `0.0.0` without a build. */
export const VERSION: string = typeof ATLANTIS_VERSION === 'string' ? ATLANTIS_VERSION : '0.0.0';
