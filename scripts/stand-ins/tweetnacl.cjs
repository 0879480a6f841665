// Replaces tweetnacl, with which the NATS client signs the challenge of a server: Node's own crypto can do that.
// Everything else in tweetnacl, such as encryption, is for keys that delivery/nats/ does not have.
const { createPrivateKey, createPublicKey, sign } = require('node:crypto');

/** What comes before the 32 bytes of an Ed25519 seed in PKCS #8 (RFC 8410). */
const PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

function readSeed(seed) {
  return createPrivateKey({ key: Buffer.concat([PREFIX, seed]), format: 'der', type: 'pkcs8' });
}

/** The secret key is the seed and the public key, as in NaCl. */
function fromSeed(seed) {
  const der = createPublicKey(readSeed(seed)).export({ format: 'der', type: 'spki' });
  const publicKey = new Uint8Array(der.subarray(-32));
  return { publicKey, secretKey: new Uint8Array([...seed, ...publicKey]) };
}

exports.sign = {
  keyPair: { fromSeed },
  detached: (message, secretKey) => new Uint8Array(sign(null, message, readSeed(secretKey.subarray(0, 32)))),
};
