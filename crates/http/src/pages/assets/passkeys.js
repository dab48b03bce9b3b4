// Speaks with authenticators (WebAuthn Level 3) and sends what they say as a form. Everything else works without it.
(() => {
  "use strict";
  const can = window.PublicKeyCredential && PublicKeyCredential.parseRequestOptionsFromJSON && PublicKeyCredential.parseCreationOptionsFromJSON;
  if (!can) return;

  const begin = async (token) => {
    const answer = await fetch("/api/v1/auth/passkeys/begin", {
      method: "POST",
      credentials: "omit",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(token ? { mfa_token: token } : {}),
    });
    if (!answer.ok) throw new Error("a passkey cannot be asked for now");
    return answer.json();
  };

  const request = (begun) => PublicKeyCredential.parseRequestOptionsFromJSON(begun.request_options);

  const send = (form, credential, token) => {
    if (token) form.elements.mfa_token.value = token;
    form.elements.credential.value = JSON.stringify(credential.toJSON());
    form.submit();
  };

  for (const place of document.querySelectorAll(".passkey")) {
    const form = place.querySelector("form"), button = place.querySelector("button"), fault = place.querySelector(".fault");
    const { does, options } = place.dataset;
    const field = document.querySelector("input[autocomplete~=webauthn]");
    let offer = null;

    // What the browser shows in the field of the address; it waits until somebody chooses it. It is asked for once the field is used, and anew
    // before it is too old.
    const wait = async () => {
      if (offer || !(await PublicKeyCredential.isConditionalMediationAvailable?.()) || offer) return;
      const mine = (offer = new AbortController());
      let old = false, clock;
      try {
        const begun = await begin();
        clock = setTimeout(() => { old = true; mine.abort(); }, begun.request_options.timeout * 0.9);
        const credential = await navigator.credentials.get({ publicKey: request(begun), mediation: "conditional", signal: mine.signal });
        if (credential) send(form, credential, begun.mfa_token);
      } catch {
        // Nobody asked for it, so that nobody is told that it failed.
      }
      clearTimeout(clock);
      if (offer === mine) offer = null;
      if (old && document.activeElement === field && !document.hidden) wait();
    };

    const ask = async () => {
      fault.hidden = true;
      offer?.abort();
      if (does === "create") {
        const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(JSON.parse(options));
        return send(form, await navigator.credentials.create({ publicKey }));
      }
      const begun = await begin(does === "offer" ? null : form.elements.mfa_token.value);
      send(form, await navigator.credentials.get({ publicKey: request(begun) }), begun.mfa_token);
    };

    button.hidden = false;
    button.addEventListener("click", () => ask().catch(() => { fault.hidden = false; }));
    if (does === "offer" && field) {
      field.addEventListener("focus", wait);
      if (document.activeElement === field) wait();
    }
  }
})();
