-- What was given up is counted and found without reading what waits.
create index jobs_given_up on jobs (kind, tenant_id, subject_id) where dead;
