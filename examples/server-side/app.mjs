// An application with a server of its own: a confidential client. Browsers hold the name of a session, and never a token.
import { randomUUID } from "node:crypto";
import http from "node:http";
import * as client from "openid-client";

const { WARDGRAPH_URL, SERVER_SIDE_ID, SERVER_SIDE_SECRET, PORT = "3001" } = process.env;
const issuer = new URL(WARDGRAPH_URL);
const own = `http://localhost:${PORT}`;
// A server on this very machine may do without TLS; no other may.
const ways = issuer.hostname === "127.0.0.1" ? { execute: [client.allowInsecureRequests] } : {};
const secret = client.ClientSecretBasic(SERVER_SIDE_SECRET);
const config = await client.discovery(issuer, SERVER_SIDE_ID, {}, secret, ways);
const sessions = new Map();

const routes = {
  "/": async (session) => {
    if (!session.tokens) return page('Nobody is signed in. <a href="/sign-in">Sign in with Wardgraph</a>');
    const { access_token } = session.tokens;
    const person = await client.fetchUserInfo(config, access_token, session.tokens.claims().sub);
    const response = await client.fetchProtectedResource(config, access_token, new URL("/nodes", issuer), "GET");
    const { nodes } = await response.json();
    return page(`${escaped(person.email)} sees ${nodes.length} nodes. <a href="/sign-out">Sign out</a>`);
  },
  "/sign-in": async (session) => {
    session.asked = {
      pkceCodeVerifier: client.randomPKCECodeVerifier(),
      expectedState: client.randomState(),
      expectedNonce: client.randomNonce(),
    };
    return to(
      client.buildAuthorizationUrl(config, {
        redirect_uri: `${own}/back`,
        scope: "openid email nodes:read",
        state: session.asked.expectedState,
        nonce: session.asked.expectedNonce,
        code_challenge: await client.calculatePKCECodeChallenge(session.asked.pkceCodeVerifier),
        code_challenge_method: "S256",
      }),
    );
  },
  "/back": async (session, url) => {
    const tokens = await client.authorizationCodeGrant(config, url, { ...session.asked, idTokenExpected: true });
    // Whoever knew the session's name before somebody signed in does not know the one after.
    return { ...to("/"), begins: { tokens } };
  },
  "/sign-out": async (session) => {
    const parameters = { post_logout_redirect_uri: `${own}/`, id_token_hint: session.tokens?.id_token ?? "" };
    return { ...to(client.buildEndSessionUrl(config, parameters)), begins: {} };
  },
};

const escaped = (text) => text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
const page = (text) => ({ status: 200, headers: { "content-type": "text/html; charset=utf-8" }, body: `<!doctype html><p>${text}</p>` });
const to = (address) => ({ status: 303, headers: { location: String(address) }, body: "" });

const serve = async (request, response) => {
  const url = new URL(request.url, own);
  const name = /(?:^|; )session=([\w-]+)/.exec(request.headers.cookie ?? "")?.[1];
  const known = sessions.has(name);
  const session = known ? sessions.get(name) : {};
  let answer = { status: 404, headers: {}, body: "" };
  try {
    if (Object.hasOwn(routes, url.pathname)) answer = await routes[url.pathname](session, url);
  } catch (error) {
    console.error(error);
    answer = { ...page("That did not work."), status: 502 };
  }
  if (!known || answer.begins) {
    const fresh = randomUUID();
    sessions.delete(name);
    sessions.set(fresh, answer.begins ?? session);
    // Behind TLS, `Secure` and the name `__Host-session` go with it.
    answer.headers["set-cookie"] = `session=${fresh}; Path=/; HttpOnly; SameSite=Lax`;
  }
  response.writeHead(answer.status, answer.headers).end(answer.body);
};

http.createServer(serve).listen(Number(PORT), "127.0.0.1", () => console.log(`listening on ${own}`));
