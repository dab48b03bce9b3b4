// The same libraries as in run.mjs, as clients after FAPI 2.0: they prove who they are by a key (private_key_jwt), push their requests (PAR), and their
// tokens are bound to another key (DPoP).
//
//     node keyed.mjs MODULES LIBRARY ISSUER BASE
//
// MODULES, ISSUER and BASE as there. The public key is told on standard output, a line of JSON, and the client that it was registered for is read
// from standard input: client_id, redirect_uri. So is where a browser is sent, and where it came back.
import assert from "node:assert/strict";
import readline from "node:readline";
import { pathToFileURL } from "node:url";

const [modules, library, issuer, base] = process.argv.slice(2);
const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const ask = async (question) => {
  console.log(JSON.stringify(question));
  return JSON.parse((await lines.next()).value);
};
const there = (url, options) => fetch(String(url).replace(issuer, base), options);
const load = (path) => import(pathToFileURL(`${modules}/${path}`).href);
const registered = async (pair) => {
  const jwk = await crypto.subtle.exportKey("jwk", pair.publicKey);
  const { kty, crv, x, y } = jwk;
  return ask({ jwks: { keys: [{ kty, crv, x, y, kid: "own", use: "sig", alg: "ES256" }] } });
};
const scope = "openid email offline_access nodes:read";

const withOpenIdClient = async () => {
  const client = await load("openid-client/build/index.js");
  const own = await client.randomDPoPKeyPair("ES256", { extractable: true });
  const given = await registered(own);
  const method = client.PrivateKeyJwt({ key: own.privateKey, kid: "own" });
  const config = await client.discovery(new URL(issuer), given.client_id, {}, method, { [client.customFetch]: there });
  const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair("ES256"));
  const [verifier, state, nonce] = [client.randomPKCECodeVerifier(), client.randomState(), client.randomNonce()];
  const challenge = await client.calculatePKCECodeChallenge(verifier);
  const wanted = { redirect_uri: given.redirect_uri, scope, state, nonce, code_challenge: challenge, code_challenge_method: "S256" };
  const url = await client.buildAuthorizationUrlWithPAR(config, wanted, { DPoP });
  const back = new URL(await ask({ browser: url.href }));
  const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true };
  const tokens = await client.authorizationCodeGrant(config, back, checks, {}, { DPoP });
  assert.equal(tokens.token_type, "dpop");
  const { sub } = tokens.claims();
  assert.ok((await client.fetchUserInfo(config, tokens.access_token, sub, { DPoP })).email);
  await assert.rejects(client.fetchUserInfo(config, tokens.access_token, sub), "without a proof");
  const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token, {}, { DPoP });
  assert.equal((await client.tokenIntrospection(config, refreshed.access_token)).active, true);
  const nodes = new URL("/nodes", issuer);
  const seen = await client.fetchProtectedResource(config, refreshed.access_token, nodes, "GET", undefined, undefined, { DPoP });
  assert.ok(Array.isArray((await seen.json()).nodes));
  const service = await client.clientCredentialsGrant(config, { scope: "nodes:read" }, { DPoP });
  assert.equal(service.token_type, "dpop");
  await client.tokenRevocation(config, refreshed.refresh_token);
  await assert.rejects(client.refreshTokenGrant(config, refreshed.refresh_token, {}, { DPoP }));
  return sub;
};

const withOauth4webapi = async () => {
  const oauth = await load("oauth4webapi/build/index.js");
  const own = await oauth.generateKeyPair("ES256", { extractable: true });
  const given = await registered(own);
  const where = new URL(issuer);
  const ways = { [oauth.customFetch]: there };
  const server = await oauth.processDiscoveryResponse(where, await oauth.discoveryRequest(where, ways));
  const client = { client_id: given.client_id };
  const method = oauth.PrivateKeyJwt({ key: own.privateKey, kid: "own" });
  const DPoP = oauth.DPoP(client, await oauth.generateKeyPair("ES256"));
  // The first proof has no nonce; the answer brings one, and the request is made once more.
  const proved = async (request, process) => {
    try {
      return await process(await request());
    } catch (error) {
      if (!oauth.isDPoPNonceError(error)) throw error;
      return process(await request());
    }
  };
  const [verifier, state, nonce] = [oauth.generateRandomCodeVerifier(), oauth.generateRandomState(), oauth.generateRandomNonce()];
  const challenge = await oauth.calculatePKCECodeChallenge(verifier);
  const wanted = { client_id: given.client_id, redirect_uri: given.redirect_uri, response_type: "code", scope, state, nonce };
  Object.assign(wanted, { code_challenge: challenge, code_challenge_method: "S256" });
  const bound = { ...ways, DPoP };
  const pushed = await proved(
    () => oauth.pushedAuthorizationRequest(server, client, method, wanted, bound),
    (response) => oauth.processPushedAuthorizationResponse(server, client, response),
  );
  const url = new URL(server.authorization_endpoint);
  url.search = new URLSearchParams({ client_id: given.client_id, request_uri: pushed.request_uri });
  const answer = oauth.validateAuthResponse(server, client, new URL(await ask({ browser: url.href })), state);
  const tokens = await proved(
    () => oauth.authorizationCodeGrantRequest(server, client, method, answer, given.redirect_uri, verifier, bound),
    (response) => oauth.processAuthorizationCodeResponse(server, client, response, { expectedNonce: nonce, requireIdToken: true }),
  );
  const { sub } = oauth.getValidatedIdTokenClaims(tokens);
  const told = await proved(
    () => oauth.userInfoRequest(server, client, tokens.access_token, bound),
    (response) => oauth.processUserInfoResponse(server, client, sub, response),
  );
  assert.ok(told.email);
  const refreshed = await proved(
    () => oauth.refreshTokenGrantRequest(server, client, method, tokens.refresh_token, bound),
    (response) => oauth.processRefreshTokenResponse(server, client, response),
  );
  assert.notEqual(refreshed.access_token, tokens.access_token);
  const known = await oauth.introspectionRequest(server, client, method, refreshed.access_token, ways);
  assert.equal((await oauth.processIntrospectionResponse(server, client, known)).active, true);
  const service = await proved(
    () => oauth.clientCredentialsGrantRequest(server, client, method, { scope: "nodes:read" }, bound),
    (response) => oauth.processClientCredentialsResponse(server, client, response),
  );
  assert.equal(service.token_type, "dpop");
  await oauth.processRevocationResponse(await oauth.revocationRequest(server, client, method, refreshed.refresh_token, ways));
  return sub;
};

const done = await { "openid-client": withOpenIdClient, oauth4webapi: withOauth4webapi }[library]();
console.log(JSON.stringify({ done }));
process.exit(0);
