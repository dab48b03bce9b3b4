-- What leaves and what reaches a node by one relation, oldest first: neighbours and lineage are range scans, whatever else the node has.
create index edges_src_rel on edges (tenant_id, src, rel, edge_id);
create index edges_dst_rel on edges (tenant_id, dst, rel, edge_id);

-- Containment in props and metadata.
create index nodes_props on nodes using gin (props jsonb_path_ops);
create index nodes_metadata on nodes using gin (metadata jsonb_path_ops);
