-- Sessions of browsers: a cookie instead of a family of refresh tokens. `verifier` is SHA-256 of the cookie then.

alter table sessions alter column family_key drop not null;
alter table sessions add column browser boolean not null default false;
alter table sessions add constraint sessions_kind check (browser = (family_key is null));
grant select (browser) on sessions to wardgraph_app;
