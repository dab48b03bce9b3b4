// Applications that use openid-client and oauth4webapi (npm, certified by the OpenID Foundation), for tests.
//
//     node run.mjs MODULES LIBRARY ISSUER BASE CLIENT
//
// MODULES is .cache/clients/node_modules (scripts/fetch.py). What is asked of ISSUER is asked at BASE. CLIENT is JSON: client_id, client_secret (none for a
// public one), redirect_uri, signed_out_uri, par; or register, what it says of itself, with initial_token. Where a browser is sent is told on standard output, a line of JSON; where it came back is read from
// standard input.
import assert from "node:assert/strict";
import readline from "node:readline";
import { pathToFileURL } from "node:url";

const [modules, library, issuer, base, text] = process.argv.slice(2);
const given = JSON.parse(text);
const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const ask = async (question) => {
  console.log(JSON.stringify(question));
  return JSON.parse((await lines.next()).value);
};
const there = (url, options) => fetch(String(url).replace(issuer, base), options);
const load = (path) => import(pathToFileURL(`${modules}/${path}`).href);
const wanted = { redirect_uri: given.redirect_uri, scope: "openid email nodes:read", code_challenge_method: "S256" };

const withOpenIdClient = async () => {
  const client = await load("openid-client/build/index.js");
  const method = given.client_secret ? client.ClientSecretBasic(given.client_secret) : client.None();
  const ways = { [client.customFetch]: there };
  const config = given.register
    ? await client.dynamicClientRegistration(new URL(issuer), given.register, undefined, { ...ways, initialAccessToken: given.initial_token })
    : await client.discovery(new URL(issuer), given.client_id, {}, method, ways);
  const [verifier, state, nonce] = [client.randomPKCECodeVerifier(), client.randomState(), client.randomNonce()];
  const parameters = { ...wanted, state, nonce, code_challenge: await client.calculatePKCECodeChallenge(verifier) };
  const push = given.par ? client.buildAuthorizationUrlWithPAR : client.buildAuthorizationUrl;
  const url = await push(config, parameters);
  const back = new URL(await ask({ browser: url.href }));
  const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true, maxAge: 3600 };
  const tokens = await client.authorizationCodeGrant(config, back, checks);
  const { sub } = tokens.claims();
  const told = await client.fetchUserInfo(config, tokens.access_token, sub);
  assert.ok(told.email);
  const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token);
  assert.notEqual(refreshed.access_token, tokens.access_token);
  if (given.client_secret || config.clientMetadata().client_secret) {
    assert.equal((await client.tokenIntrospection(config, refreshed.access_token)).active, true);
  }
  await client.tokenRevocation(config, refreshed.refresh_token);
  await assert.rejects(client.refreshTokenGrant(config, refreshed.refresh_token));
  const out = client.buildEndSessionUrl(config, { id_token_hint: tokens.id_token, post_logout_redirect_uri: given.signed_out_uri });
  assert.equal(await ask({ browser: out.href }), given.signed_out_uri);
  return sub;
};

const withOauth4webapi = async () => {
  const oauth = await load("oauth4webapi/build/index.js");
  const ways = { [oauth.customFetch]: there };
  const where = new URL(issuer);
  const server = await oauth.processDiscoveryResponse(where, await oauth.discoveryRequest(where, { algorithm: "oauth2", ...ways }));
  assert.equal(server.authorization_response_iss_parameter_supported, true);
  const client = { client_id: given.client_id };
  const method = given.client_secret ? oauth.ClientSecretPost(given.client_secret) : oauth.None();
  const [verifier, state] = [oauth.generateRandomCodeVerifier(), oauth.generateRandomState()];
  const url = new URL(server.authorization_endpoint);
  const parameters = { ...wanted, state, client_id: client.client_id, response_type: "code", code_challenge: await oauth.calculatePKCECodeChallenge(verifier) };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  const back = new URL(await ask({ browser: url.href }));
  const answer = oauth.validateAuthResponse(server, client, back, state);
  const response = await oauth.authorizationCodeGrantRequest(server, client, method, answer, given.redirect_uri, verifier, ways);
  const tokens = await oauth.processAuthorizationCodeResponse(server, client, response, { requireIdToken: true });
  const { sub } = oauth.getValidatedIdTokenClaims(tokens);
  const told = await oauth.processUserInfoResponse(server, client, sub, await oauth.userInfoRequest(server, client, tokens.access_token, ways));
  assert.ok(told.email);
  await oauth.processRevocationResponse(await oauth.revocationRequest(server, client, method, tokens.refresh_token, ways));
  return sub;
};

const done = await { "openid-client": withOpenIdClient, oauth4webapi: withOauth4webapi }[library]();
console.log(JSON.stringify({ done }));
process.exit(0);
