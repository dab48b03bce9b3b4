// Applications that use openid-client and oauth4webapi (npm, certified by the OpenID Foundation), for tests.
//
//     node run.mjs MODULES FLOW ISSUER BASE CLIENT
//
// MODULES is .cache/clients/node_modules (scripts/fetch.py). What is asked of ISSUER is asked at BASE. CLIENT is JSON: client_id, client_secret (none for a
// public one), redirect_uri, signed_out_uri, par, signed (by what algorithm answers are); or register, what it says of itself, with initial_token. Where a browser
// is sent is told on standard output, a line of JSON; where it came back is read from
// standard input.
import assert from "node:assert/strict";
import readline from "node:readline";
import { pathToFileURL } from "node:url";

const [modules, flow, issuer, base, text] = process.argv.slice(2);
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

// A command line tool, or a television: its person decides in a browser elsewhere.
const onADevice = async () => {
  const client = await load("openid-client/build/index.js");
  const config = await client.discovery(new URL(issuer), given.client_id, {}, client.None(), { [client.customFetch]: there });
  const begun = await client.initiateDeviceAuthorization(config, { scope: "openid nodes:read" });
  assert.match(begun.user_code, /^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/);
  assert.equal(begun.verification_uri_complete, `${begun.verification_uri}?user_code=${begun.user_code}`);
  await ask({ device: begun.user_code });
  const tokens = await client.pollDeviceAuthorizationGrant(config, { ...begun, interval: 1 });
  const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token);
  assert.notEqual(refreshed.access_token, tokens.access_token);
  const refused = await client.initiateDeviceAuthorization(config, { scope: "openid" });
  await ask({ refused: refused.user_code });
  const denied = (error) => error.error === "access_denied";
  await assert.rejects(client.pollDeviceAuthorizationGrant(config, { ...refused, interval: 1 }), denied);
  return tokens.claims().sub;
};

// The server of an API, which was sent a token and goes on with another one.
const exchanging = async () => {
  const client = await load("openid-client/build/index.js");
  const method = client.ClientSecretBasic(given.client_secret);
  const config = await client.discovery(new URL(issuer), given.client_id, {}, method, { [client.customFetch]: there });
  const kind = "urn:ietf:params:oauth:token-type:access_token";
  const exchange = "urn:ietf:params:oauth:grant-type:token-exchange";
  const own = await client.clientCredentialsGrant(config, {});
  const asked = { subject_token: given.token, subject_token_type: kind, scope: "nodes:read" };
  const tokens = await client.genericGrantRequest(config, exchange, { ...asked, actor_token: own.access_token, actor_token_type: kind });
  assert.equal(tokens.issued_token_type, kind);
  assert.equal(tokens.scope, "nodes:read");
  const told = await client.tokenIntrospection(config, tokens.access_token);
  assert.equal(told.act.sub, given.client_id);
  const wider = client.genericGrantRequest(config, exchange, { ...asked, scope: "nodes:read search:read" });
  await assert.rejects(wider, (error) => error.error === "invalid_scope");
  return told.sub;
};

const withOauth4webapi = async () => {
  const oauth = await load("oauth4webapi/build/index.js");
  const ways = { [oauth.customFetch]: there };
  const where = new URL(issuer);
  const server = await oauth.processDiscoveryResponse(where, await oauth.discoveryRequest(where, { algorithm: "oauth2", ...ways }));
  assert.equal(server.authorization_response_iss_parameter_supported, true);
  const client = { client_id: given.client_id };
  if (given.signed) client.userinfo_signed_response_alg = client.introspection_signed_response_alg = given.signed;
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
  const info = await oauth.userInfoRequest(server, client, tokens.access_token, ways);
  const told = await oauth.processUserInfoResponse(server, client, sub, info);
  assert.ok(told.email);
  if (given.signed) {
    const introspection = await oauth.introspectionRequest(server, client, method, tokens.access_token, ways);
    assert.equal((await oauth.processIntrospectionResponse(server, client, introspection)).sub, sub);
    for (const answer of [info, introspection]) await oauth.validateApplicationLevelSignature(server, answer, ways);
  }
  await oauth.processRevocationResponse(await oauth.revocationRequest(server, client, method, tokens.refresh_token, ways));
  return sub;
};

const flows = { "openid-client": withOpenIdClient, oauth4webapi: withOauth4webapi, device: onADevice, exchange: exchanging };
const done = await flows[flow]();
console.log(JSON.stringify({ done }));
process.exit(0);
