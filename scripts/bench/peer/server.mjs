// The peer of the OAuth measurement: oidc-provider with its in-memory adapter, one client, and a token format for each resource.
//   node server.mjs PORT SECRET KEYS     KEYS: a file with the private keys, so that runs sign with the same

import { readFileSync } from 'node:fs';
import * as oidc from 'oidc-provider';

const [port, secret, keys] = process.argv.slice(2);
const formats = { 'urn:es256': 'ES256', 'urn:rs256': 'RS256', 'urn:ed25519': 'Ed25519' };

const provider = new oidc.Provider(`http://127.0.0.1:${port}`, {
  jwks: JSON.parse(readFileSync(keys, 'utf8')),
  clients: [{
    client_id: 'bench',
    client_secret: secret,
    redirect_uris: [],
    response_types: [],
    grant_types: ['client_credentials'],
    token_endpoint_auth_method: 'client_secret_basic',
  }],
  cookies: { keys: ['bench'] },
  features: {
    clientCredentials: { enabled: true },
    introspection: { enabled: true },
    devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: true,
      defaultResource: async () => undefined,
      getResourceServerInfo: async (_context, resource) => ({
        scope: 'nodes:read',
        accessTokenTTL: 900,
        ...(formats[resource]
          ? { accessTokenFormat: 'jwt', jwt: { sign: { alg: formats[resource] } } }
          : { accessTokenFormat: 'opaque' }),
      }),
      useGrantedResource: async () => true,
    },
  },
});

provider.listen(Number(port), '127.0.0.1', () => console.log(`listening on http://127.0.0.1:${port}`));
