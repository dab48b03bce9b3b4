-- The indexes that knew no tenants, in whose place others are now (0044). By itself, since reads wait for it as well: for a moment, and not while
-- indexes are built. Were it done with their locks in hand, whoever read a node and then waits to write it would be in its way for ever.
drop index nodes_content_search, nodes_props, nodes_metadata;
-- Its operator was not leakproof, so that row-level security kept every search from it; now it is.
drop index nodes_classes;
