-- Whether an edge that waits went with so many others that its deletion is told when it is erased: each edge has its event, and a transaction has
-- no more of them than it can.
alter table deleted_edges add column untold boolean not null default false;
