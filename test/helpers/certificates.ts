// Certificates made at test time with the `openssl` command: an authority and leaves, right and wrong.
//
// Skip by name with `hasOpenssl()` (apt package openssl). Nothing made here is trusted by anything else.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TlsOptions } from 'node:tls';
import { type Lifetime, makeTempFolder } from './cleanup.ts';

/** A certificate with its key, as text for `tls` and as files for other programs. */
export interface Identity {
  readonly cert: string;
  readonly key: string;
  readonly certFile: string;
  readonly keyFile: string;
}

interface LeafOptions {
  /** Subject alternative names. Default: `DNS:localhost,IP:127.0.0.1,IP:::1`. */
  readonly names?: string;
  /** The validity, in days from now (negative: in the past). Default: from yesterday to ten days from now. */
  readonly fromDays?: number;
  readonly toDays?: number;
  /** What it may be used for. Default: serverAuth. */
  readonly usage?: 'serverAuth' | 'clientAuth';
}

/** An authority of our own, and what it has signed. */
interface Authority {
  /** Its certificate (PEM): what `--ca-cert` is given. */
  readonly caFile: string;
  readonly ca: string;
  /** Signs a new leaf. */
  issue(options?: LeafOptions): Identity;
}

/** The usual cases, made on first use and kept. */
export interface Certificates extends Authority {
  /** For localhost, 127.0.0.1 and ::1, signed by the authority. */
  readonly good: Identity;
  /** Signed, but for `wrong.example`. */
  readonly wrongHost: Identity;
  /** Signed, but expired yesterday. */
  readonly expired: Identity;
  /** Signed, but valid from tomorrow on. */
  readonly notYetValid: Identity;
  /** For localhost, signed by itself. */
  readonly selfSigned: Identity;
  /** A client certificate. */
  readonly client: Identity;
  /** Server options that accept nothing above TLS 1.1. */
  tls11Options(): TlsOptions;
  /** Server options that end the handshake of a client without a certificate of this authority. */
  clientCertificateOptions(): TlsOptions;
}

/** True where the `openssl` command can be run. */
export function hasOpenssl(): boolean {
  return spawnSync('openssl', ['version'], { stdio: 'ignore' }).status === 0;
}

/**
 * An authority in a folder that is removed after the file's last test (default). Lazy: `openssl` runs when
 * something is first asked for, about 30 ms each, and throws where it is missing.
 */
export function makeCertificates(lifetime: Lifetime = 'file'): Certificates {
  const made = new Map<string, Identity>();
  const once = (name: string, make: () => Identity): Identity => {
    const identity = made.get(name) ?? make();
    made.set(name, identity);
    return identity;
  };
  let authority: Authority | undefined;
  const own = (): Authority => {
    authority ??= makeAuthority(makeTempFolder(lifetime));
    return authority;
  };
  const issue = (options?: LeafOptions): Identity => own().issue(options);
  return {
    issue,
    get ca() {
      return own().ca;
    },
    get caFile() {
      return own().caFile;
    },
    get good() {
      return once('good', () => issue());
    },
    get wrongHost() {
      return once('wrongHost', () => issue({ names: 'DNS:wrong.example' }));
    },
    get expired() {
      return once('expired', () => issue({ fromDays: -10, toDays: -1 }));
    },
    get notYetValid() {
      return once('notYetValid', () => issue({ fromDays: 1, toDays: 10 }));
    },
    get selfSigned() {
      return once('selfSigned', () => makeSelfSigned(makeTempFolder(lifetime)));
    },
    get client() {
      return once('client', () => issue({ names: 'DNS:client.example', usage: 'clientAuth' }));
    },
    tls11Options() {
      // OpenSSL 3 speaks TLS 1.1 only at security level 0.
      const { cert, key } = this.good;
      return { cert, key, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' };
    },
    clientCertificateOptions() {
      const { cert, key } = this.good;
      return { cert, key, ca: own().ca, requestCert: true, rejectUnauthorized: true };
    },
  };
}

function makeAuthority(folder: string): Authority {
  const own = makeKeyFiles(folder, 'ca');
  mkdirSync(join(folder, 'issued'));
  writeFileSync(join(folder, 'index.txt'), '');
  writeFileSync(
    join(folder, 'ca.cnf'),
    `[ca]
default_ca = own
[own]
database = ${folder}/index.txt
new_certs_dir = ${folder}/issued
rand_serial = yes
unique_subject = no
default_md = sha256
policy = any
[any]
commonName = supplied
`,
  );
  run([
    'req',
    '-x509',
    '-new',
    '-key',
    own.keyFile,
    '-out',
    own.certFile,
    '-days',
    '20',
    '-subj',
    '/CN=Test CA',
  ]);
  let issued = 0;
  return {
    caFile: own.certFile,
    ca: readFileSync(own.certFile, 'utf8'),
    issue: (options = {}) => {
      const { names = LOCAL_NAMES, fromDays = -1, toDays = 10, usage = 'serverAuth' } = options;
      const leaf = makeKeyFiles(folder, `leaf${issued++}`);
      const request = `${leaf.certFile}.csr`;
      const extensions = `${leaf.certFile}.ext`;
      writeFileSync(
        extensions,
        `subjectAltName = ${names}\nextendedKeyUsage = ${usage}\nbasicConstraints = CA:FALSE\n`,
      );
      run(['req', '-new', '-key', leaf.keyFile, '-out', request, '-subj', '/CN=test leaf']);
      const signing = ['-cert', own.certFile, '-keyfile', own.keyFile, '-in', request, '-out', leaf.certFile];
      const validity = ['-startdate', formatDate(fromDays), '-enddate', formatDate(toDays)];
      const config = ['-config', join(folder, 'ca.cnf'), '-extfile', extensions];
      run(['ca', '-batch', '-notext', ...config, ...signing, ...validity]);
      return readIdentity(leaf);
    },
  };
}

const LOCAL_NAMES = 'DNS:localhost,IP:127.0.0.1,IP:::1';

function makeSelfSigned(folder: string): Identity {
  const files = makeKeyFiles(folder, 'self');
  const name = ['-subj', '/CN=localhost', '-addext', `subjectAltName=${LOCAL_NAMES}`];
  run(['req', '-x509', '-new', '-key', files.keyFile, '-out', files.certFile, '-days', '10', ...name]);
  return readIdentity(files);
}

/** A fresh P-256 key, and the name that its certificate will have. */
function makeKeyFiles(folder: string, name: string): { keyFile: string; certFile: string } {
  const keyFile = join(folder, `${name}.key`);
  run(['ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', keyFile]);
  return { keyFile, certFile: join(folder, `${name}.pem`) };
}

function readIdentity(files: { keyFile: string; certFile: string }): Identity {
  return { ...files, cert: readFileSync(files.certFile, 'utf8'), key: readFileSync(files.keyFile, 'utf8') };
}

/** The form YYMMDDHHMMSSZ that `openssl ca` wants. */
function formatDate(daysFromNow: number): string {
  const iso = new Date(Date.now() + daysFromNow * 86_400_000).toISOString();
  return `${iso.slice(2, 19).replaceAll(/[-:T]/g, '')}Z`;
}

function run(args: readonly string[]): void {
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}
