-- Of which text a vector is: while two models have vectors of one node, one that is of an older text than the newest must not come into use again
-- when the model is changed back. Null: kept before this was known.
alter table embeddings add column text_hash bigint;
alter table deleted_embeddings add column text_hash bigint;

-- Which tenants have vectors of another model is asked every second by every server, page by page.
create index embedding_tenants_model on embedding_tenants (model, tenant_id);
