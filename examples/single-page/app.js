// A single-page application: a public client, which has no secret to keep. Its tokens live in this page's memory, and end with it.
import * as oauth from "oauth4webapi";

const settings = await (await fetch("settings.json")).json();
const issuer = new URL(settings.issuer);
// A server on this very machine may do without TLS; no other may.
const ways = { [oauth.allowInsecureRequests]: issuer.hostname === "127.0.0.1" };
const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, ways));
const client = { client_id: settings.client_id };
const here = location.origin + location.pathname;
const element = (id) => document.getElementById(id);

const signIn = async () => {
  const asked = {
    verifier: oauth.generateRandomCodeVerifier(),
    state: oauth.generateRandomState(),
    nonce: oauth.generateRandomNonce(),
  };
  sessionStorage.setItem("asked", JSON.stringify(asked));
  const to = new URL(server.authorization_endpoint);
  to.search = new URLSearchParams({
    client_id: client.client_id,
    redirect_uri: here,
    response_type: "code",
    scope: "openid email nodes:read",
    state: asked.state,
    nonce: asked.nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(asked.verifier),
    code_challenge_method: "S256",
  });
  location.assign(to);
};

const comeBack = async () => {
  const { verifier, state, nonce } = JSON.parse(sessionStorage.getItem("asked"));
  sessionStorage.removeItem("asked");
  // Also refuses an answer of another server (`iss`), and tells what is wrong if the person did not agree.
  const answer = oauth.validateAuthResponse(server, client, new URL(location.href), state);
  history.replaceState(null, "", here);
  const response = await oauth.authorizationCodeGrantRequest(server, client, oauth.None(), answer, here, verifier, ways);
  return oauth.processAuthorizationCodeResponse(server, client, response, { expectedNonce: nonce, requireIdToken: true });
};

const signOut = (tokens) => {
  const to = new URL(server.end_session_endpoint);
  to.search = new URLSearchParams({ id_token_hint: tokens.id_token, post_logout_redirect_uri: here });
  location.assign(to);
};

const show = async (tokens) => {
  const { sub } = oauth.getValidatedIdTokenClaims(tokens);
  const response = await oauth.userInfoRequest(server, client, tokens.access_token, ways);
  const person = await oauth.processUserInfoResponse(server, client, sub, response);
  const headers = { authorization: `Bearer ${tokens.access_token}` };
  const { nodes } = await (await fetch(new URL("/nodes", issuer), { headers })).json();
  element("told").textContent = `${person.email} sees ${nodes.length} nodes.`;
  element("in").hidden = true;
  element("out").hidden = false;
  element("out").onclick = () => signOut(tokens);
};

element("in").onclick = signIn;
element("in").disabled = false;
const parameters = new URLSearchParams(location.search);
if (parameters.has("code") || parameters.has("error")) {
  try {
    await show(await comeBack());
  } catch (error) {
    element("told").textContent = `That did not work: ${error.message}`;
  }
}
