// Writes the private keys that the peer signs with, as a JSON Web Key Set.

import { generateKeyPairSync } from 'node:crypto';

const key = (type, options, alg) => ({ ...generateKeyPairSync(type, options).privateKey.export({ format: 'jwk' }), alg, use: 'sig', kid: alg });

console.log(JSON.stringify({
  keys: [
    key('rsa', { modulusLength: 2048 }, 'RS256'),
    key('ec', { namedCurve: 'P-256' }, 'ES256'),
    key('ed25519', {}, 'Ed25519'),
  ],
}));
